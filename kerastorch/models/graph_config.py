"""The config of a functional model in Keras 3's form: layers, and the calls that connect them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from kerastorch.base import errors, naming, nested, serialization
from kerastorch.models.recorded import Recorded, run_module
from kerastorch.nn import graph
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.masks import ComputeMask
from kerastorch.ops import _keras_names as keras_names

_PACKED = ("reshape", "view", "permute", "expand", "repeat", "tile")
_RENAMED = {"dim": "axis", "keepdim": "keepdims", "input": "x", "other": "x2"}


def write(model: Recorded) -> dict[str, Any]:
    """The config of a recorded model.

    Raises:
        ValueError: A node calls something that no file can name.
    """
    return _Writer(model).config()


def _first_end(target: Any) -> int:
    """Keras counts the calls of an inner functional model from 0 between layers, from 1 at the ends of the outer."""
    return 1 if type(target).__name__ == "Functional" else 0


class _Writer:
    def __init__(self, model: Recorded) -> None:
        self.model = model
        sources = [t.node for t in model.inputs if t.node is not None]
        self.nodes = [n for n in (*sources, *model._nodes) if not isinstance(n.target, ComputeMask)]
        self.names: dict[int, str] = {}
        self.indices: dict[int, int] = {}
        counts: dict[str, int] = {}
        for node in self.nodes:
            name = self._name(node)
            self.indices[node.serial] = counts.get(name, 0)
            counts[name] = counts.get(name, 0) + 1

    def _name(self, node: graph.Node) -> str:
        key = id(node.target) if isinstance(node.target, nn.Module) else node.serial
        if key not in self.names:
            wanted = node.name if isinstance(node.target, nn.Module) and hasattr(node.target, "name") else node.name
            self.names[key] = naming.unique_within(wanted, set(self.names.values()))
        return self.names[key]

    def config(self) -> dict[str, Any]:
        layers: dict[str, dict[str, Any]] = {}
        for node in self.nodes:
            name = self._name(node)
            if name not in layers:
                layers[name] = {**self._target(node, name), "name": name, "inbound_nodes": []}
            if node.inputs:
                layers[name]["inbound_nodes"].append(self._call(node))
        return {
            "name": self.model.name,
            "trainable": self.model.trainable,
            "layers": list(layers.values()),
            "input_layers": nested.map_structure(self._end, self.model.input),
            "output_layers": nested.map_structure(self._end, self.model.output),
        }

    def _history(self, tensor: KerasTensor) -> list[Any]:
        assert tensor.node is not None
        return [self._name(tensor.node), self.indices[tensor.node.serial], tensor.index]

    def _end(self, tensor: KerasTensor) -> list[Any]:
        assert tensor.node is not None
        name, index, position = self._history(tensor)
        return [name, index + _first_end(tensor.node.target), position]

    def _target(self, node: graph.Node, name: str) -> dict[str, Any]:
        if isinstance(node.target, nn.Module):
            return dict(serialization.serialize_keras_object(node.target))
        module, class_name, _, config = _as_operation(node)
        return {
            "module": module,
            "class_name": class_name,
            "config": {"name": name, **serialization.serialize_keras_object(config)},
            "registered_name": class_name,
        }

    def _call(self, node: graph.Node) -> dict[str, Any]:
        args, kwargs = node.args, dict(node.kwargs)
        if not isinstance(node.target, nn.Module):
            args, kwargs = tuple(_as_operation(node)[2]), {}
        elif node.implicit_mask:
            kwargs.pop("mask", None)
        return {"args": self._values(args), "kwargs": self._values(kwargs)}

    def _values(self, structure: Any) -> Any:
        return serialization.serialize_keras_object(graph.map_leaves(self._value, structure))

    def _value(self, leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        config = {"shape": list(leaf.shape), "dtype": leaf.dtype, "keras_history": self._history(leaf)}
        return {"class_name": "__keras_tensor__", "config": config}


def _as_operation(node: graph.Node) -> tuple[str, str, list[Any], dict[str, Any]]:
    """A function's node as Keras's operation: module, class, the arguments of its call, its config."""
    found = keras_names.keras_name(node.target)
    raw: Any = None if found is None else keras_names.raw_op(*found)
    if found is None or raw is None:
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", repr(node.target))
        raise errors.value_error(
            f"The operation {name!r} in this model",
            expected="one that Keras has a name for",
            received=errors.Said(f"the torch function {name!r}"),
            remedy="Use `keras.ops`, or put it into a registered Layer; `model.save_weights` works as it is.",
        )
    args = node.args
    if isinstance(node.target, str) and node.target in _PACKED and len(args) > 1 and isinstance(args[1], int):
        args = (args[0], tuple(args[1:]))
    bound = _bind(raw, args, node.kwargs)
    called = [bound.pop(name) for name in raw.keras_call if name in bound]
    return found[0], found[1], called, bound


def _bind(raw: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    signature = inspect.signature(raw)
    renamed = {k if k in signature.parameters else _RENAMED.get(k, k): v for k, v in kwargs.items()}
    return dict(signature.bind(*args, **renamed).arguments)


def _call_of(raw: Any, options: dict[str, Any]) -> Callable[..., Any]:
    """What records an operation with the options of its config, called as Keras calls it."""
    return lambda *args, **kwargs: graph.record(
        raw, (), {**dict(zip(raw.keras_call, args, strict=False)), **kwargs, **options}
    )


def read(config: dict[str, Any]) -> tuple[Any, Any]:
    """The symbolic inputs and outputs of a functional model's config.

    Raises:
        ValueError: The config refers to something that it does not define.
    """
    reader = _Reader(config["layers"])
    reader.connect()
    return reader.ends(config["input_layers"]), reader.ends(config["output_layers"])


class _Reader:
    def __init__(self, layers: list[dict[str, Any]]) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.made: dict[str, list[Any]] = {}
        self.targets: dict[str, Callable[..., Any]] = {}
        self.first_ends: dict[str, int] = {}
        for layer in layers:
            name = layer["name"]
            self.targets[name], outputs = self._target(layer)
            self.made[name] = outputs
            self.calls += [(name, call) for call in layer["inbound_nodes"]]

    def _target(self, layer: dict[str, Any]) -> tuple[Callable[..., Any], list[Any]]:
        raw = keras_names.raw_op(layer.get("module") or "", layer["class_name"])
        if raw is not None:
            written = {k: v for k, v in layer["config"].items() if k not in ("name", "dtype")}
            options = serialization.deserialize_keras_object(written)
            return _call_of(raw, {k: v for k, v in options.items() if k in inspect.signature(raw).parameters}), []
        made = serialization.deserialize_keras_object(layer)
        if type(made).__name__ == "InputLayer":
            return made, [made.output]
        self.first_ends[layer["name"]] = _first_end(made)

        def call(*args: Any, **kwargs: Any) -> Any:
            return made(*args, **kwargs) if kwargs or len(args) != 1 else run_module(made, args[0])

        return call, []

    def connect(self) -> None:
        """Make the calls, each as soon as its inputs exist (layers may be shared across depths)."""
        pending = self.calls
        while pending:
            waiting = []
            blocked: set[str] = set()
            for name, call in pending:
                if name in blocked or not self._ready(call):
                    waiting.append((name, call))
                    blocked.add(name)  # the calls of one layer keep their order
                    continue
                args, kwargs = (self._resolve(call[part]) for part in ("args", "kwargs"))
                self.made[name].append(self.targets[name](*args, **kwargs))
            if len(waiting) == len(pending):
                raise errors.value_error(
                    "The config of this functional model", expected="calls that can be made in some order",
                    received=errors.Said(f"calls that wait for each other: {sorted({n for n, _ in waiting})}"),
                )  # fmt: skip
            pending = waiting

    def _ready(self, call: dict[str, Any]) -> bool:
        return all(name in self.made and index < len(self.made[name]) for name, index, _ in _histories(call))

    def _resolve(self, structure: Any) -> Any:
        if isinstance(structure, dict) and structure.get("class_name") == "__keras_tensor__":
            return self._tensor(*structure["config"]["keras_history"])
        if isinstance(structure, (list, tuple)):
            return [self._resolve(v) for v in structure]
        if isinstance(structure, dict) and "class_name" not in structure:
            return {k: self._resolve(v) for k, v in structure.items()}
        return serialization.deserialize_keras_object(structure)

    def ends(self, structure: Any) -> Any:
        """The symbolic tensors for the [name, call, tensor] triples of the model's inputs or outputs."""
        if _is_history(structure):
            name, index, position = structure
            return self._tensor(name, index - self.first_ends.get(name, 0), position)
        if isinstance(structure, dict):
            return {k: self.ends(v) for k, v in structure.items()}
        return [self.ends(v) for v in structure]

    def _tensor(self, name: str, index: int, position: int) -> Any:
        if name not in self.made or not 0 <= index < len(self.made[name]):
            raise errors.value_error(
                "The config of this functional model",
                expected=f"a call {index} of layer {name!r}",
                received=[name, index, position],
            )
        return nested.flatten(self.made[name][index])[position]


def _is_history(structure: Any) -> bool:
    return isinstance(structure, (list, tuple)) and len(structure) == 3 and isinstance(structure[0], str)


def _histories(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        if structure.get("class_name") == "__keras_tensor__":
            return [structure["config"]["keras_history"]]
        return [h for v in structure.values() for h in _histories(v)]
    return [h for v in structure for h in _histories(v)] if isinstance(structure, (list, tuple)) else []
