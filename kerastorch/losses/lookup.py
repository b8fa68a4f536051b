"""Losses by name and by config."""

from __future__ import annotations

from typing import Any

from kerastorch.base import registry, serialization


def get(identifier: Any) -> Any:
    """A loss from a name, a config, a class, a function or an object.

    Args:
        identifier: A name finds a function ("mse") or makes an object of a class ("MeanSquaredError"); None stays None.

    Returns:
        A loss function or a `Loss`.

    Raises:
        ValueError: Nobody knows the name; the message says which known one is nearest.
        TypeError: `identifier` is nothing that could be a loss.

    Example:
        >>> get("mse").__name__, type(get("MeanSquaredError")).__name__
        ('mean_squared_error', 'MeanSquaredError')
    """
    return registry.resolve("losses", identifier)


def serialize(loss: Any) -> Any:
    """The config of a loss object or function.

    Example:
        >>> serialize(get("Hinge"))["config"]
        {'name': 'hinge', 'reduction': 'sum_over_batch_size'}
    """
    return serialization.serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss that a config or a name describes.

    Args:
        name: What `serialize` wrote, or a name.
        custom_objects: The user's own losses by name.

    Returns:
        A loss function or a `Loss`.

    Raises:
        ValueError: The loss is unknown.

    Example:
        >>> deserialize(serialize(get("Hinge"))).name
        'hinge'
    """
    with registry.scope(custom_objects or {}):
        return get(name)
