"""Recording calls on symbolic tensors, and turning what was recorded into straight-line code (`torch.fx`)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from kerastorch.base import dtypes, errors, naming, nested
from kerastorch.nn import keras_tensor
from kerastorch.nn.keras_tensor import KerasTensor

# Two sizes for the unknown dimensions. Both have many divisors, so that reshapes and strides that would suit some
# size suit these; dimensions of a result that differ between the two runs are unknown themselves.
_PROBES = (10080, 20160)
_SMALL_PROBES = (720, 1440)  # for tensors with four unknown dimensions and more, whose sizes must stay below 2 ** 63
_serial = count()


class Node:
    """One recorded call.

    Attributes:
        target: The module, the function, or the name of the tensor method that is called.
        args, kwargs: Its arguments, symbolic tensors included.
        outputs: What it returned: symbolic tensors in a nested structure.
        implicit_mask: Whether `kwargs["mask"]` was put in by the recorder.
        number: The position among the recorded calls of the same layer.
    """

    def __init__(
        self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any, number: int = 0
    ) -> None:
        self.target = target
        self.args = args
        self.kwargs = kwargs
        self.outputs = outputs
        self.number = number
        self.implicit_mask = False
        self.serial = next(_serial)
        self.name = self._make_name()
        for index, tensor in enumerate(nested.flatten(outputs)):
            if isinstance(tensor, KerasTensor):
                tensor.node, tensor.index = self, index

    def _make_name(self) -> str:
        if isinstance(self.target, nn.Module):
            return str(getattr(self.target, "name", None) or naming.to_snake_case(type(self.target).__name__))
        called = self.target if isinstance(self.target, str) else naming.to_snake_case(self.target.__name__)
        return naming.auto_name(called)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors among the arguments, in order."""
        return symbolic_leaves((self.args, self.kwargs))


def symbolic_leaves(structure: Any) -> list[KerasTensor]:
    """The symbolic tensors in a nested structure (slices inside indices included)."""
    if isinstance(structure, KerasTensor):
        return [structure]
    if isinstance(structure, (list, tuple)):
        return [leaf for child in structure for leaf in symbolic_leaves(child)]
    if isinstance(structure, dict):
        return [leaf for child in structure.values() for leaf in symbolic_leaves(child)]
    if isinstance(structure, slice):
        return symbolic_leaves((structure.start, structure.stop, structure.step))
    return []


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """Apply `function` to every leaf of arguments as torch functions take them (slices are gone into)."""
    if isinstance(structure, slice):
        return slice(*(map_leaves(function, v) for v in (structure.start, structure.stop, structure.step)))
    if isinstance(structure, dict):
        return {key: map_leaves(function, value) for key, value in structure.items()}
    if nested.is_nested(structure):
        return _rebuild_sequence(structure, [map_leaves(function, v) for v in structure])
    return function(structure)


def _rebuild_sequence(like: Any, values: list[Any]) -> Any:
    return type(like)(*values) if hasattr(like, "_fields") else type(like)(values)


def record(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record a call of a function or tensor method on symbolic tensors.

    Args:
        target: A function, or the name of a tensor method.
        args: Its positional arguments.
        kwargs: Its keyword arguments.

    Returns:
        Symbolic tensors in the structure that the call returns.
    """
    if getattr(target, "__objclass__", None) in (Tensor, torch._C.TensorBase):
        target = target.__name__
    function = (lambda first, *rest, **kw: getattr(first, target)(*rest, **kw)) if isinstance(target, str) else target
    outputs = infer(function, args, kwargs, name=target if isinstance(target, str) else target.__name__)
    return Node(target, args, kwargs, outputs).outputs


keras_tensor._recorder.append(record)


class _Inferring:
    """Whether shapes are being inferred now; layers then run on meta copies of their weights."""

    def __init__(self) -> None:
        self.on = False
        self.swapped: set[int] = set()


inferring = _Inferring()


@contextmanager
def _inference() -> Iterator[None]:
    before = inferring.on
    inferring.on = True
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), torch.device("meta"):
            yield
    finally:
        inferring.on = before


def infer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Any:
    """The shapes and dtypes that a call would return, found by running it on tensors without memory.

    Args:
        function: What to run.
        args: Its arguments, with symbolic tensors in them.
        kwargs: Its keyword arguments.
        name: What to call it in an error.

    Returns:
        Fresh symbolic tensors in the structure that the call returns.

    Raises:
        ValueError: It failed on these shapes, or needs values.
    """
    leaves = symbolic_leaves((args, kwargs))
    unknown = max((leaf.shape.count(None) for leaf in leaves), default=0)
    probes = _PROBES if unknown < 4 else _SMALL_PROBES
    results = [_probe(function, args, kwargs, name, size) for size in (probes if unknown else probes[:1])]
    return nested.map_structure(_spec, *(results if unknown else results * 2))


def _probe(function: Callable[..., Any], args: Any, kwargs: Any, name: str, size: int) -> Any:
    def to_meta(leaf: Any) -> Any:
        if isinstance(leaf, KerasTensor):
            shape = [size if d is None else d for d in leaf.shape]
            return torch.empty(shape, dtype=dtypes.torch_dtype(leaf.dtype), device="meta")
        if isinstance(leaf, np.ndarray):
            leaf = torch.from_numpy(leaf)
        return leaf.detach().to("meta") if isinstance(leaf, Tensor) else leaf

    with _inference():
        try:
            return function(*map_leaves(to_meta, args), **map_leaves(to_meta, kwargs))
        except (RuntimeError, NotImplementedError, TypeError, IndexError) as error:
            raise errors.value_error(
                f"Cannot apply {name!r} to symbolic tensors ({error})",
                expected="shapes that fit, and a computation that needs no values",
                received=errors.Said(", ".join(map(repr, symbolic_leaves((args, kwargs))))),
                remedy="Check the shapes; a layer whose `call` needs values can define "
                "`compute_output_shape(input_shape)`.",
            ) from error


def infer_module(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`infer` for a torch module: its weights are replaced by copies without memory meanwhile."""
    state = {k: v.detach().to("meta") for k, v in (*module.named_parameters(), *module.named_buffers())}

    def run(*inputs: Any, **options: Any) -> Any:
        return torch.func.functional_call(module, state, inputs, options)

    return infer(run, args, kwargs, name=type(module).__name__)


def _spec(a: Any, b: Any) -> Any:
    if not isinstance(a, Tensor):
        return a
    return KerasTensor([m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)], dtype=a.dtype)


def history(outputs: list[KerasTensor], inputs: list[KerasTensor]) -> list[Node]:
    """The nodes between `inputs` and `outputs` in the order in which they were recorded.

    Raises:
        ValueError: An output does not come from the inputs; the message names the tensor that is in the way.
    """
    known = {id(t) for t in inputs}
    nodes: dict[int, Node] = {}
    pending = [t for t in outputs if id(t) not in known]
    while pending:
        tensor = pending.pop()
        node = tensor.node
        if node is None or not node.inputs:
            raise errors.value_error(
                f"Graph disconnected: {tensor.name!r}",
                expected=f"outputs that are computed from the inputs {[t.name for t in inputs]} alone",
                received=tensor,
                remedy="Add this tensor to the model's inputs, or start from the inputs that were given.",
            )
        if node.serial not in nodes:
            nodes[node.serial] = node
            pending += [t for t in node.inputs if id(t) not in known]
    return [nodes[serial] for serial in sorted(nodes)]


def attach_mask(tensor: Tensor, mask: Tensor | None) -> Tensor:
    """Let a model's output carry its mask to the loss and the metrics, as in Keras."""
    tensor._keras_mask = mask  # type: ignore[attr-defined]
    return tensor


class Emitter:
    """Writes recorded nodes as a `torch.fx` graph over the modules of a model.

    Args:
        root: The module whose children the code calls; constants become its non-persistent buffers.
        keys: id of a module -> its name in `root`.
    """

    def __init__(self, root: nn.Module, keys: dict[int, str]) -> None:
        self.root = root
        self.keys = keys
        self.graph = fx.Graph()
        self.env: dict[int, fx.Node] = {}

    def emit(
        self,
        inputs: Any,
        outputs: Any,
        prepare: Callable[..., Tensor] | None = None,
        arrange: Callable[..., list[Tensor]] | None = None,
    ) -> fx.GraphModule:
        """The code of `inputs -> outputs` as a `GraphModule` that shares `root`'s modules.

        Args:
            inputs: Symbolic tensors: one, or a list, tuple or dict of them, as the model is called.
            outputs: Symbolic tensors in any structure.
            prepare: Called as `prepare(x, dtype, rank)` on every input first.
            arrange: Called as `arrange(x, names)` on the flat list, tuple or dict of inputs before anything else; it
                gives a list in the order of the names.
        """
        given = self.graph.placeholder("inputs")
        names = _names(inputs) if arrange is not None else None
        if names is None:
            self._bind(inputs, given)
        else:
            arranged = self.graph.call_function(arrange, (given, names))  # type: ignore[arg-type]
            self._bind(nested.flatten(inputs), arranged)
        for tensor in symbolic_leaves(inputs) if prepare is not None else ():
            wanted = (self.env[id(tensor)], dtypes.torch_dtype(tensor.dtype), tensor.ndim)
            self.env[id(tensor)] = self.graph.call_function(prepare, wanted)  # type: ignore[arg-type]
        for node in history(symbolic_leaves(outputs), symbolic_leaves(inputs)):
            self._bind(node.outputs, self._call(node))
        self.graph.output(map_leaves(self._output, outputs))
        return fx.GraphModule(self.root, self.graph)

    def _bind(self, structure: Any, value: fx.Node) -> None:
        """Let the leaves of `structure` mean `value` and its parts."""
        if isinstance(structure, KerasTensor):
            self.env[id(structure)] = value
        elif nested.is_nested(structure):
            items = structure.items() if isinstance(structure, dict) else enumerate(structure)
            for key, child in items:
                if symbolic_leaves(child):
                    self._bind(child, self.graph.call_function(operator.getitem, (value, key)))

    def _call(self, node: Node) -> fx.Node:
        args, kwargs = map_leaves(self._argument, node.args), map_leaves(self._argument, node.kwargs)
        if isinstance(node.target, nn.Module):
            return self.graph.call_module(self.keys[id(node.target)], args, kwargs)
        if isinstance(node.target, str):
            return self.graph.call_method(node.target, args, kwargs)
        return self.graph.call_function(node.target, args, kwargs)

    def _argument(self, leaf: Any) -> Any:
        if isinstance(leaf, KerasTensor):
            return self.env[id(leaf)]
        if isinstance(leaf, np.ndarray):
            leaf = torch.from_numpy(leaf)
        return self._constant(leaf) if isinstance(leaf, Tensor) else leaf

    def _constant(self, value: Tensor) -> fx.Node:
        name = naming.unique_within("constant", {**self.root._buffers, **self.root._parameters})
        if isinstance(value, nn.Parameter):
            self.root.register_parameter(name, value)
        else:
            self.root.register_buffer(name, value, persistent=False)
        return self.graph.get_attr(name)

    def _output(self, leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        value, mask = self.env[id(leaf)], leaf._keras_mask
        if mask is None or id(mask) not in self.env:
            return value
        return self.graph.call_function(attach_mask, (value, self.env[id(mask)]))


def _names(inputs: Any) -> tuple[str, ...] | None:
    """The keys of a dict of symbolic tensors, the names of those in a list; None for other structures."""
    if isinstance(inputs, dict):
        return tuple(sorted(inputs)) if all(isinstance(t, KerasTensor) for t in inputs.values()) else None
    if isinstance(inputs, (list, tuple)):
        return tuple(t.name for t in inputs) if all(isinstance(t, KerasTensor) for t in inputs) else None
    return None


@dataclass
class _Ref:
    """A symbolic tensor on a tape: its number, and what it is made again from."""

    number: int
    shape: tuple[int | None, ...]
    dtype: str
    name: str
    mask: int | None = None


@dataclass
class Tape:
    """Recorded calls as a flat list: it can be copied and pickled however long the chain of calls is."""

    records: list[tuple[Any, Any, Any, Any, bool, int]]
    inputs: Any
    outputs: Any

    @classmethod
    def of(cls, nodes: list[Node], inputs: Any, outputs: Any) -> Tape:
        """The tape of a model's nodes."""
        numbers: dict[int, int] = {}

        def ref(leaf: Any) -> Any:
            if not isinstance(leaf, KerasTensor):
                return leaf
            number = numbers.setdefault(id(leaf), len(numbers))
            mask = None if leaf._keras_mask is None else numbers.setdefault(id(leaf._keras_mask), len(numbers))
            return _Ref(number, leaf.shape, leaf.dtype, leaf.name, mask)

        sources = [t.node for t in symbolic_leaves(inputs) if t.node is not None and not t.node.inputs]
        records = [
            (n.target, *(map_leaves(ref, part) for part in (n.args, n.kwargs, n.outputs)), n.implicit_mask, n.number)
            for n in (*sources, *nodes)
        ]
        return cls(records, map_leaves(ref, inputs), map_leaves(ref, outputs))

    def replay(self) -> tuple[list[Node], Any, Any]:
        """The nodes, inputs and outputs again, without computing shapes anew."""
        tensors: dict[int, KerasTensor] = {}
        masks: dict[int, int] = {}

        def tensor(leaf: Any) -> Any:
            if not isinstance(leaf, _Ref):
                return leaf
            if leaf.mask is not None:
                masks[leaf.number] = leaf.mask
            return tensors.setdefault(leaf.number, KerasTensor(leaf.shape, leaf.dtype, leaf.name))

        nodes = []
        for target, *parts, implicit, number in self.records:
            args, kwargs, outputs = (map_leaves(tensor, part) for part in parts)
            node = Node(target, args, kwargs, outputs, number)
            node.implicit_mask = implicit
            if node.inputs:
                nodes.append(node)
            if hasattr(target, "_inbound_nodes"):
                target._inbound_nodes.append(node)
        inputs, outputs = map_leaves(tensor, self.inputs), map_leaves(tensor, self.outputs)
        for number, mask in masks.items():
            tensors[number]._keras_mask = tensors.get(mask)
        return nodes, inputs, outputs
