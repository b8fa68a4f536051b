"""An `nn.Module` class from a model: the source a person would write."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

import numpy as np
import torch
from torch import nn

from kerastorch.base import errors, nested
from kerastorch.convert.layers import copying, modules, text
from kerastorch.convert.layers import kept as keeping
from kerastorch.convert.layers.call import Call, Value
from kerastorch.convert.layers.table import emit
from kerastorch.convert.layers.writer import Writer, attribute, whole_class
from kerastorch.convert.source import Source
from kerastorch.models import Model
from kerastorch.models.wrapped import ModuleModel
from kerastorch.nn import graph
from kerastorch.nn.graph import Node
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.masks import ComputeMask

_RESERVED = {"self", "inputs", "torch", "nn", "F", "keras", "math"}
# A constant of the graph with more numbers than this is not written out.
_MOST_NUMBERS = 64


def network(model: Any, name: str = "Network") -> Source:
    """The source of an `nn.Module` class that computes what a model computes.

    The class takes no arguments; its attributes have the names of the model's own, so that
    `Network().load_state_dict(model.state_dict())` works, and its weights start as Keras's do. Inputs and outputs are
    shaped as the model's (images channels last). Modules that cannot be rebuilt from source become arguments of the
    class, with a note.

    Args:
        model: A built functional, Sequential or subclassed model.
        name: The name of the class.

    Returns:
        Its source.

    Raises:
        TypeError: `model` is no model.
        ValueError: It is not built, or `name` is no identifier.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="relu")])
        >>> print(network(model).text)
        class Network(nn.Module):
            \"\"\"(batch, 4) -> (batch, 2)\"\"\"
        <BLANKLINE>
            def __init__(self):
                super().__init__()
                self.dense = nn.Linear(4, 2)
                # Weights start as Keras's do, not as torch's.
                nn.init.xavier_uniform_(self.dense.weight)
                nn.init.zeros_(self.dense.bias)
        <BLANKLINE>
            def forward(self, x):
                return F.relu(self.dense(x))
    """
    check_name(name)
    writer = Writer()
    writer.classes.add(name)
    doc, parameter = write(model, writer)
    writer.helpers[name] = whole_class(name, "nn.Module", doc, writer, parameter, [])
    return Source(tuple(sorted(writer.imports)), "\n\n\n".join(writer.helpers.values()), tuple(writer.notes))


def check_name(name: Any) -> None:
    """Refuse what is no name of a class.

    Raises:
        ValueError: `name` is no identifier.
    """
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
        raise errors.value_error("`name` of the class", expected="a Python identifier", received=name)


def write(model: Any, writer: Writer) -> tuple[list[str], str]:
    """Write `__init__` and `forward` of a model.

    Args:
        model: The model.
        writer: Takes their lines.

    Returns:
        The lines of a docstring, and the parameter of `forward`.

    Raises:
        TypeError: `model` is no model.
        ValueError: It is not built.
    """
    if not isinstance(model, Model):
        raise errors.type_error(
            "`model` to convert", expected="a Keras model", received=model,
            remedy="A torch module needs no conversion; `keras.Model(module)` gives it Keras's methods.",
        )  # fmt: skip
    if not model.built:
        raise errors.value_error(
            f"Model {model.name!r} to convert", expected="a built model", received=errors.Said("one not built yet"),
            remedy="Begin it with `keras.Input(shape)`, or call `model.build(input_shape)`.",
        )  # fmt: skip
    if getattr(model, "symbolic_outputs", None) is None:
        return _whole(model, writer)
    return _Forward(model, writer).write()


def _whole(model: Any, writer: Writer) -> tuple[list[str], str]:
    """A model whose computation is its own Python: it stays as it is, as one attribute."""
    own = model.module if isinstance(model, ModuleModel) else None
    module = model if own is None else own
    kind = type(module).__name__
    call = Call(writer, module, "model", (), {}, {}, None, str, lambda *_: "")
    try:
        if own is not None:
            writer.attribute("model", modules.rebuilt(writer, own))
        else:
            writer.attribute("model", f"{keeping.construction(writer, model)}  # its own `call` says what it computes")
            shape = getattr(model, "_build_config", None) or {}
            if "input_shape" in shape:
                writer.attributes.append(f"self.model.build({text.literal(shape['input_shape'])})")
            writer.keeps_layers = True
    except copying.Unknown as error:
        keeping.handed_in(call, f"{kind} cannot be written as source ({error})")
    writer.note(
        f"{kind} decides in Python what it computes and is kept whole, as the attribute `model`: its weights are "
        "loaded by `.model.load_state_dict(...)`."
    )
    writer.forward.append("return self.model(x)")
    return [f"Holds the model `{kind}`."], "x"


class _Forward:
    """Writes the forward pass of a recorded model."""

    def __init__(self, model: Any, writer: Writer) -> None:
        self.model = model
        self.writer = writer
        self.keys = {id(module): key for key, module in model._modules.items()}
        self.values: dict[int, Value] = {}
        self.outputs = graph.symbolic_leaves(model.output)
        self.left = Counter(id(t) for node in model._nodes for t in node.inputs)
        self.left.update(id(t) for t in self.outputs)
        self.constants: dict[int, str] = {}

    def write(self) -> tuple[list[str], str]:
        """All lines of `__init__` and `forward`; the docstring and the parameter of `forward`."""
        parameter = self._take_inputs(self.model.input)
        for node in _masks_first(self.model._nodes):
            self._write_node(node)
        self._freeze()
        self._settle_dtype()
        self.writer.forward.append(f"return {self._output(self.model.output)}")
        return _doc(_shapes(self.model.input), _shapes(self.model.output)), parameter

    # -- inputs and outputs -----------------------------------------------------------------------------------------

    def _take_inputs(self, inputs: Any) -> str:
        if isinstance(inputs, KerasTensor):
            self.values[id(inputs)] = Value("x", inputs.shape, dtype=inputs.dtype)
            return "x"
        leaves = graph.symbolic_leaves(inputs)
        names = [self._free_name(_identifier(tensor.name) or f"x{i}") for i, tensor in enumerate(leaves)]
        for name, tensor in zip(names, leaves, strict=True):
            self.values[id(tensor)] = Value(name, tensor.shape, dtype=tensor.dtype)
        if isinstance(inputs, Mapping):
            keys = {id(tensor): key for key, tensor in inputs.items()}
            given = ", ".join(f"inputs[{text.literal(keys[id(t)])}]" for t in leaves)
        else:
            given = "inputs"
        left = ", ".join(names) + ("," if len(names) == 1 and given == "inputs" else "")
        self.writer.forward.append(f"{left} = {given}")
        return "inputs"

    def _output(self, structure: Any) -> str:
        if isinstance(structure, KerasTensor):
            return self.values[id(structure)].plain()
        if isinstance(structure, Mapping):
            return "{" + ", ".join(f"{text.literal(k)}: {self._output(v)}" for k, v in structure.items()) + "}"
        inner = ", ".join(self._output(child) for child in structure)
        return f"[{inner}]" if isinstance(structure, list) else f"{inner}," if len(structure) == 1 else inner

    # -- nodes ------------------------------------------------------------------------------------------------------

    def _write_node(self, node: Node) -> None:
        outputs = graph.symbolic_leaves(node.outputs)
        single = isinstance(node.outputs, KerasTensor)
        key = self.keys.get(id(node.target), "")
        call = Call(
            self.writer, node.target, key, node.args, node.kwargs, self.values,
            outputs[0].shape if single else None, self._constant, self._nested,
        )  # fmt: skip
        value = emit(call)
        value.dtype = outputs[0].dtype
        self.left.subtract(id(t) for t in node.inputs)
        if not single:
            self._unpack(node, value)
            return
        held = [v for v in call.inputs if v.text == value.text]
        if held and value.first == held[0].first:
            name = value.text  # the call does nothing here
            self.values[id(node.outputs)] = held[0]
            return
        name = self._name_for(node, call)
        comment = f"  # {value.comment}" if value.comment else ""
        self.writer.forward.append(f"{name} = {value.text}{comment}")
        value.text = name
        self.values[id(node.outputs)] = value

    def _unpack(self, node: Node, value: Value) -> None:
        """Several outputs: a variable for all, and one for each."""
        if isinstance(node.outputs, (list, tuple)) and all(isinstance(t, KerasTensor) for t in node.outputs):
            names = []
            for tensor in node.outputs:
                names.append(self._free_name("part"))
                self.values[id(tensor)] = Value(names[-1], tensor.shape, dtype=tensor.dtype)
            self.writer.forward.append(f"{', '.join(names)}{',' if len(names) == 1 else ''} = {value.text}")
            return
        whole = self._free_name("parts")
        self.writer.forward.append(f"{whole} = {value.text}")
        for path, tensor in nested.flatten_with_path(node.outputs):
            name = self._free_name("part")
            self.values[id(tensor)] = Value(name, tensor.shape, dtype=tensor.dtype)
            self.writer.forward.append(f"{name} = {whole}{''.join(f'[{text.literal(k)}]' for k in path)}")

    # -- names of variables -----------------------------------------------------------------------------------------

    def _live(self) -> set[str]:
        """The variables that are still needed."""
        return {value.text for key, value in self.values.items() if self.left[key] > 0}

    def _name_for(self, node: Node, call: Call) -> str:
        """The variable of a result: the one of its input if that is not needed any more, else a fresh one."""
        live = self._live()
        free = [value.text for value in call.inputs if value.text not in live]
        if isinstance(node.target, ComputeMask):
            return self._free_name("mask")
        user = _identifier(node.name) if getattr(node.target, "named_by_user", False) else None
        is_output = any(node.outputs is t for t in self.outputs)
        user = None if user in _RESERVED or user in self.writer.helpers else user
        if is_output and user and len(self.outputs) > 1 and user not in live:
            return user
        if len(set(free)) == 1 and len({v.text for v in call.inputs}) == 1:
            return free[0]
        if free or "x" not in live:
            return "x" if "x" not in live else free[0]
        return user if user and user not in live else self._free_name("branch")

    def _free_name(self, wish: str) -> str:
        taken = {value.text for value in self.values.values()} if wish != "branch" else self._live()
        taken |= _RESERVED | set(self.writer.helpers)
        name, count = wish, 1
        while name in taken:
            count += 1
            name = f"{wish}_{count}"
        return name

    # -- what calls ask for -----------------------------------------------------------------------------------------

    def _nested(self, model: Any, key: str) -> str:
        name = "".join(part[:1].upper() + part[1:] for part in key.split("_") if part) or "Inner"
        if key in self.writer.defined:
            return name
        while name in self.writer.classes or name in self.writer.helpers:
            name += "_"
        inner = Writer(self.writer)
        doc, parameter = write(model, inner)
        self.writer.helpers[name] = whole_class(name, "nn.Module", doc, inner, parameter, [])
        return name

    def _constant(self, value: Any) -> str:
        tensor = torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        if id(value) in self.constants:
            return self.constants[id(value)]
        if isinstance(tensor, nn.Parameter):
            name = next(key for key, held in self.model._parameters.items() if held is tensor)
            self.writer.attribute(name, f"nn.Parameter(torch.zeros({text.literal(tuple(tensor.shape))}))")
            self.writer.note(f"self.{name} starts at zero: it is a parameter that the graph held.")
        else:
            name = f"constant_{len(self.constants)}" if self.constants else "constant"
            small = tensor.numel() <= _MOST_NUMBERS
            numbers = text.literal(tensor.tolist()) if small else f"{text.literal(tuple(tensor.shape))}"
            made = f"torch.tensor({numbers}, dtype={tensor.dtype})" if small else f"torch.zeros({numbers})"
            self.writer.use("torch.")
            self.writer.attributes.append(f'self.register_buffer("{name}", {made}, persistent=False)')
            if not small:
                self.writer.note(f"self.{name} is a constant of {tensor.numel()} numbers: fill it in.")
        self.constants[id(value)] = f"self.{name}"
        return f"self.{name}"

    def _settle_dtype(self) -> None:
        """Weights of another dtype than torch's default."""
        kinds = {p.dtype for p in self.model.parameters() if p.is_floating_point()}
        if len(kinds) == 1 and kinds != {torch.float32}:
            self.writer.last.append(f"self.to({kinds.pop()})")
            self.writer.use("torch.")

    def _freeze(self) -> None:
        for key, module in self.model._modules.items():
            parameters = list(module.parameters())
            if key in self.writer.defined and parameters and not any(p.requires_grad for p in parameters):
                self.writer.last.append(f"{attribute(key)}.requires_grad_(False)  # trainable=False")


def _doc(given: str, made: str) -> list[str]:
    """What goes in and what comes out."""
    line = f"{given} -> {made}"
    if len(line) <= text.WIDTH - 10:
        return [line]
    return ["In and out:", *textwrap.wrap(line, text.WIDTH - 4)]


def _masks_first(nodes: list[Node]) -> list[Node]:
    """The nodes with every mask before the layer that it belongs to: what both look at is not needed afterwards."""
    ordered: list[Node] = []
    for node in nodes:
        owner = node.target._layer[0] if isinstance(node.target, ComputeMask) else None
        places = [i for i, other in enumerate(ordered) if owner is not None and other.target is owner]
        ordered.insert(places[-1] if places else len(ordered), node)
    return ordered


def _identifier(name: str) -> str | None:
    name = "".join(char if char.isalnum() else "_" for char in name)
    return name if name.isidentifier() and not iskeyword(name) and name != "self" else None


def _shapes(structure: Any) -> str:
    if isinstance(structure, KerasTensor):
        sizes = ["batch", *("any" if size is None else str(size) for size in structure.shape[1:])]
        return f"({', '.join(sizes)})" if len(sizes) > 1 else "(batch,)"
    if isinstance(structure, Mapping):
        return "{" + ", ".join(f"{key}: {_shapes(value)}" for key, value in structure.items()) + "}"
    return "[" + ", ".join(map(_shapes, structure)) + "]"
