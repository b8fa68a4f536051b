"""`keras.models.clone_model`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from kerastorch.base import errors, nested, serialization
from kerastorch.layers import InputLayer
from kerastorch.models.functional import Functional
from kerastorch.models.model import Model
from kerastorch.models.recorded import Recorded
from kerastorch.models.sequential import Sequential
from kerastorch.nn import graph
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.layer import Layer
from kerastorch.nn.masks import ComputeMask


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model of the same structure with new layers and fresh weights, compiled as a file would say of the model.

    Args:
        model: The model.
        input_tensors: Symbolic tensors to build it on (functional and Sequential models).
        clone_function: Makes a new layer from a layer; default from its config.
        call_function: Not supported.
        recursive: Whether `clone_function` sees the layers of models inside instead of these models.
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
        refused = [*kwargs, *(["call_function"] if call_function is not None else [])]
        raise errors.value_error("clone_model", expected="no `call_function` or other keywords", received=refused)
    for name, value in (("clone_function", clone_function), ("input_tensors", input_tensors)):
        if value is not None and not isinstance(model, Recorded):
            raise errors.value_error(
                f"`{name}` of clone_model", expected="a functional or Sequential model", received=model
            )
    make = _Maker(clone_function, recursive)
    if isinstance(model, Sequential):
        clone = _clone_stack(model, input_tensors, make)
    elif isinstance(model, Functional) and (type(model) is Functional or "input_layers" in model.get_config()):
        clone = _clone_graph(model, input_tensors, make)
    else:
        return type(model).from_config(model.get_config())
    compilation = model.get_compile_config()
    if compilation is not None:
        clone.compile_from_config(compilation)
    return clone


class _Maker:
    """Makes the new layer of a layer, once for each."""

    def __init__(self, function: Callable[[Any], Any] | None, recursive: bool) -> None:
        self.function, self.recursive = function, recursive
        self.made: dict[int, Any] = {}

    def __call__(self, layer: Any) -> Any:
        if id(layer) not in self.made:
            self.made[id(layer)] = self._make(layer)
        return self.made[id(layer)]

    def _make(self, layer: Any) -> Any:
        if isinstance(layer, Recorded) and (self.recursive or self.function is None):
            return clone_model(layer, clone_function=self.function, recursive=self.recursive)
        made = (self.function or _from_config)(layer)
        if not isinstance(made, nn.Module):
            name = getattr(layer, "name", type(layer).__name__)
            raise errors.type_error(
                f"`clone_function` of clone_model for layer {name!r}", expected="a layer as its result", received=made,
                remedy="Return `layer` itself to share it, or `type(layer).from_config(layer.get_config())`.",
            )  # fmt: skip
        return made


def _from_config(layer: Any) -> Any:
    if isinstance(layer, Layer):
        return type(layer).from_config(layer.get_config())
    return serialization.deserialize_keras_object(serialization.serialize_keras_object(layer))


def _fresh_input(tensor: KerasTensor) -> KerasTensor:
    made: KerasTensor = InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name).output
    return made


def _clone_stack(model: Sequential, input_tensors: Any, make: _Maker) -> Any:
    stack = [make(layer) for layer in model.layers]
    given = nested.flatten(input_tensors) if input_tensors is not None else []
    if model.built and not given and not isinstance(model._stack[0], Recorded):
        given = [_fresh_input(model.inputs[0])]
    inner = [t for t in given if t.node is None or not isinstance(t.node.target, InputLayer)]
    clone = type(model)([*([] if inner else given), *stack], name=model.name, trainable=model.trainable)
    return Model(input_tensors, clone(inner[0]), name=model.name) if inner else clone


def _clone_graph(model: Functional, input_tensors: Any, make: _Maker) -> Any:
    inputs = nested.map_structure(_fresh_input, model.input) if input_tensors is None else input_tensors
    given = nested.flatten(inputs)
    if len(given) != len(model.inputs):
        raise errors.value_error(
            "`input_tensors` of clone_model", expected=f"{len(model.inputs)} symbolic tensors", received=len(given)
        )
    tensors: dict[int, Any] = {}
    _bind(tensors, model.inputs, given)
    for node in model._nodes:
        if isinstance(node.target, ComputeMask):
            continue  # recorded anew by the call of its layer
        args, kwargs = graph.map_leaves(lambda leaf: tensors.get(id(leaf), leaf), (node.args, node.kwargs))
        if node.implicit_mask:
            kwargs.pop("mask")
        target = make(node.target) if isinstance(node.target, nn.Module) else node.target
        _bind(tensors, nested.flatten(node.outputs), nested.flatten(_call(target, args, kwargs)))
    outputs = nested.map_structure(lambda t: tensors[id(t)], model.output)
    ends = nested.pack_sequence_as(model.input, given), outputs
    return type(model)(*ends, name=model.name, trainable=model.trainable)


def _bind(tensors: dict[int, Any], old: list[Any], new: list[Any]) -> None:
    for before, after in zip(old, new, strict=True):
        tensors[id(before)] = after
        mask = getattr(before, "_keras_mask", None)
        if mask is not None:
            tensors[id(mask)] = getattr(after, "_keras_mask", None)


def _call(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if isinstance(target, Layer):
        return target(*args, **kwargs)
    if isinstance(target, nn.Module):
        return graph.Node(target, args, kwargs, graph.infer_module(target, args, kwargs)).outputs
    return graph.record(target, args, kwargs)
