"""Functions, operators and tensor methods that were recorded in the graph."""

from __future__ import annotations

import inspect
import operator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import registry
from kerastorch.convert.layers import copying, ops, text
from kerastorch.convert.layers.activations import applied, can_write, function_name
from kerastorch.convert.layers.call import Call, Value
from kerastorch.convert.layers.merging import together
from kerastorch.nn import graph
from kerastorch.nn.keras_tensor import KerasTensor

_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@",
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "and_": "&", "or_": "|", "xor": "^",
}  # fmt: skip
_PREFIXES = {"neg": "-", "invert": "~", "pos": "+"}
_SPACES = (
    ("torch", torch),
    ("F", F),
    ("torch.linalg", torch.linalg),
    ("torch.fft", torch.fft),
    ("torch.special", torch.special),
)
_REFLECTED = ("radd", "rsub", "rmul", "rtruediv", "rpow", "rfloordiv", "rmod", "rmatmul")


def function(call: Call) -> Value:
    """A recorded function or tensor method, as the same call in torch."""
    target = call.target
    name = target if isinstance(target, str) else getattr(target, "__name__", "")
    short = name.strip("_") + ("_" if name.strip("_") in ("and", "or") else "")
    is_operator = isinstance(target, str) or getattr(operator, name, None) is target
    if is_operator and short in _SIGNS and len(call.args) == 2:
        return _operator(call, _SIGNS[short], swapped=False)
    if is_operator and short in _REFLECTED and len(call.args) == 2:
        return _operator(call, _SIGNS[short[1:]], swapped=True)
    if is_operator and short in _PREFIXES:
        return call.same(f"{_PREFIXES[short]}{call.x.text}")
    if is_operator and short == "getitem":
        return call.result(f"{_write(call, call.args[0])}[{_index(call, call.args[1])}]")
    if isinstance(target, str):
        first, *rest = call.args
        return _several(call, f"{_write(call, first)}.{name}({_arguments(call, rest)})")
    if len(call.args) == 1 and not call.kwargs and can_write(target) and function_name(target) is not None:
        return call.result(applied(target, call.plain()))
    operation = ops.written(target, call.args, call.kwargs, lambda leaf: _write(call, leaf))
    return _several(call, operation or f"{_name(call, target)}({_arguments(call, call.args)})")


def _several(call: Call, inner: str) -> Value:
    if call.shape is not None:
        return call.result(inner)
    call.writer.use(inner)
    return Value(inner, ())


def _operator(call: Call, sign: str, swapped: bool) -> Value:
    """A binary operator; tensors of one order of dimensions keep it."""
    left, right = reversed(call.args) if swapped else call.args
    tensors = [a for a in (left, right) if isinstance(a, KerasTensor)]
    numbers = all(isinstance(a, (KerasTensor, int, float)) for a in (left, right))
    if sign == "@" or not numbers or len({value.rank for value in call.inputs}) != 1:
        return call.result(f"{_write(call, left)} {sign} {_write(call, right)}")
    parts, turned = together(call)
    texts = dict(zip(map(id, tensors), parts if not swapped else reversed(parts), strict=True))
    written = [texts.get(id(a)) or text.literal(a) for a in (left, right)]
    simple = sign == "**" and not any("(" in part for part in written)
    return call.result((sign if simple else f" {sign} ").join(written), turned)


def _name(call: Call, target: Any) -> str:
    """How a function is called in the file."""
    name = getattr(target, "__name__", "")
    for prefix, space in _SPACES:
        short = name.removeprefix(f"{prefix.rpartition('.')[2]}_")  # torch.linalg.norm is called linalg_norm
        if name and getattr(space, short, None) is target:
            return f"{prefix}.{short}"
    if getattr(operator, name, None) is target:
        return f"torch.{name}" if hasattr(torch, name) else str(name)
    if registry.slot_and_name(target) is not None:
        written = copying.reference(call.writer, target)
        call.writer.note(f"`{written}` is kept: it is a function of Keras's own.")
        return written
    try:
        written = copying.reference(call.writer, target)
    except (copying.Unknown, AttributeError):
        call.writer.note(f"The function {name!r} has no source here: define it in this file.")
        return str(name)
    return written


def _arguments(call: Call, args: Any) -> str:
    usual = _defaults(call.target)
    named = {k: _write(call, v) for k, v in call.kwargs.items() if k not in usual or not _equal(usual[k], v)}
    return text.arguments(*(_write(call, a) for a in args), **named)


def _equal(usual: Any, value: Any) -> bool:
    return usual is value or (
        isinstance(value, (bool, int, float, str)) and type(usual) is type(value) and usual == value
    )


def _defaults(target: Any) -> dict[str, Any]:
    """The defaults of a function's arguments, where it has a signature."""
    if not inspect.isfunction(target):
        return {}
    return {name: parameter.default for name, parameter in inspect.signature(target).parameters.items()}


def _write(call: Call, leaf: Any) -> str:
    """An argument as source: tensors of the graph, constants, plain values."""
    if isinstance(leaf, KerasTensor):
        return call.values[id(leaf)].plain()
    if isinstance(leaf, (Tensor, np.ndarray)):
        return call.constant(leaf)
    if isinstance(leaf, (list, tuple)) and graph.symbolic_leaves(leaf):
        inner = ", ".join(_write(call, item) for item in leaf)
        return f"[{inner}]" if isinstance(leaf, list) else f"({inner},)"
    return text.literal(leaf)


def _index(call: Call, index: Any) -> str:
    parts = index if isinstance(index, tuple) else (index,)
    return ", ".join(_slice(call, part) if isinstance(part, slice) else _write(call, part) for part in parts)


def _slice(call: Call, part: slice) -> str:
    ends = ["" if end is None else _write(call, end) for end in (part.start, part.stop)]
    return ":".join([*ends, *([] if part.step is None else [_write(call, part.step)])])
