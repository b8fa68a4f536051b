"""`keras.models.clone_model`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerastorch.base import errors, serialization
from kerastorch.models.model import Model


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model of the same structure with new layers and fresh weights.

    Args:
        model: The model.
        input_tensors: Symbolic tensors to build it on (functional models).
        clone_function: Makes a new layer from a layer; default from its config.
        call_function: Not supported.
        recursive: Whether `clone_function` sees the layers of models inside too.
        **kwargs: Refused.

    Raises:
        ValueError: An argument that does not fit the kind of model.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> clone_model(model).count_params()
        10
    """
    if call_function is not None or kwargs:
        raise errors.value_error(
            "clone_model", expected="no `call_function` or other keywords", received=[*kwargs, "call_function"]
        )
    make = clone_function or _from_config
    config = model.get_config()
    if "layers" not in config:
        if clone_function is not None:
            raise errors.value_error(
                "`clone_function` of clone_model", expected="a functional or Sequential model", received=model
            )
        return type(model).from_config(config)
    by_name = {layer.name: layer for layer in model.layers if hasattr(layer, "name")}
    for entry in config["layers"]:
        layer = by_name.get(entry.get("name") or entry["config"].get("name"))
        if layer is not None and (recursive or not isinstance(layer, Model)):
            entry.update(serialization.serialize_keras_object(make(layer)))
    clone = type(model).from_config(config)
    return clone if input_tensors is None else Model(input_tensors, clone(input_tensors), name=model.name)


def _from_config(layer: Any) -> Any:
    return serialization.deserialize_keras_object(serialization.serialize_keras_object(layer))
