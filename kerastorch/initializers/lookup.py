"""Initializers by name and by config."""

from __future__ import annotations

from typing import Any

from kerastorch.base import registry, serialization


def get(identifier: Any) -> Any:
    """An initializer from a name, a config, a class, a function, an array or an object.

    Args:
        identifier: An array or tensor becomes `Constant` of it; None stays None.

    Returns:
        A callable `(shape, dtype=None) -> tensor`.

    Raises:
        ValueError: Nobody knows the name; the message says which known one is nearest.
        TypeError: `identifier` is nothing that could be an initializer.

    Example:
        >>> type(get("glorot_uniform")).__name__
        'GlorotUniform'
    """
    return registry.resolve("initializers", identifier)


def serialize(initializer: Any) -> Any:
    """The config of an initializer.

    Example:
        >>> serialize(get("zeros"))["class_name"]
        'Zeros'
    """
    return serialization.serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer that a config or a name describes.

    Args:
        config: What `serialize` wrote, or a name.
        custom_objects: The user's own initializers by name.

    Returns:
        An initializer.

    Raises:
        ValueError: The initializer is unknown.

    Example:
        >>> type(deserialize({"class_name": "Ones", "config": {}})).__name__
        'Ones'
    """
    with registry.scope(custom_objects or {}):
        return get(config)
