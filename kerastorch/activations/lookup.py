"""Activations by name and by config."""

from __future__ import annotations

from typing import Any

from kerastorch.activations.rectifying import linear
from kerastorch.base import registry, serialization


def get(identifier: Any) -> Any:
    """An activation from a name, a config, a function or an object.

    Args:
        identifier: None gives `linear`.

    Returns:
        A callable that takes a tensor.

    Raises:
        ValueError: Nobody knows the name; the message says which known one is nearest.
        TypeError: `identifier` is nothing that could be an activation.

    Example:
        >>> get("swish").__name__, get(None).__name__
        ('silu', 'linear')
    """
    return linear if identifier is None else registry.resolve("activations", identifier)


def serialize(activation: Any) -> Any:
    """A built-in activation's name, or the config of any other.

    A function of `keras.ops` that is called like an activation counts as that, as in Keras.

    Example:
        >>> serialize(get("swish"))
        'silu'
    """
    known = registry.slot_and_name(activation)
    if known is not None and registry.builtin("activations", known[1]) is not None:
        return known[1]
    return serialization.serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation that a config or a name describes.

    Args:
        config: What `serialize` wrote, or a name.
        custom_objects: The user's own activations by name.

    Returns:
        A callable that takes a tensor.

    Raises:
        ValueError: The activation is unknown.

    Example:
        >>> deserialize("relu").__name__
        'relu'
    """
    with registry.scope(custom_objects or {}):
        return get(config)
