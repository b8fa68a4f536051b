"""Functions of `keras.ops` in the graph, as the calls of torch that they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from kerastorch.base import dtypes, registry
from kerastorch.convert.layers import text

Write = Callable[[Any], str]

# The same name and meaning in torch, on one float tensor.
_SAME = (
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "square", "abs", "absolute", "sign", "floor"),
    *("ceil", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "reciprocal", "erf"),
)
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/", "matmul": "@"}
_REDUCTIONS = {"mean": "mean", "sum": "sum", "max": "amax", "min": "amin"}


def written(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], write: Write) -> str | None:
    """A call of a function of `keras.ops` as torch; None if there is no form for it.

    Args:
        target: The function.
        args: Its arguments.
        kwargs: Its keyword arguments.
        write: Writes one argument.
    """
    known = registry.slot_and_name(target)
    if known is None or known[0] != "ops":
        return None
    name = known[1]
    bound = inspect.signature(target).bind(*args, **kwargs)
    bound.apply_defaults()
    given = list(bound.arguments.values())
    if name in _SAME and len(given) == 1:
        return f"torch.{name}({write(given[0])})"
    if name in _SIGNS and len(given) == 2:
        return f"{write(given[0])} {_SIGNS[name]} {write(given[1])}"
    maker = _FORMS.get(name)
    return None if maker is None else maker(bound.arguments, write)


def _reduced(name: str) -> Callable[[Any, Write], str | None]:
    def make(given: Any, write: Write) -> str | None:
        x, axis, keepdims, *rest = given.values()
        if any(value is not None for value in rest) or axis is None:
            return None
        named = {"dim": text.literal(axis), **({"keepdim": "True"} if keepdims else {})}
        return f"{write(x)}.{_REDUCTIONS[name]}({text.arguments(**named)})"

    return make


def _joined(function: str) -> Callable[[Any, Write], str]:
    def make(given: Any, write: Write) -> str:
        parts, axis = given.values()
        return f"torch.{function}([{', '.join(map(write, parts))}], dim={text.literal(axis)})"

    return make


def _cast(given: Any, write: Write) -> str:
    x, dtype = given.values()
    return f"{write(x)}.to({dtypes.torch_dtype(dtype)})"


def _reshape(given: Any, write: Write) -> str:
    x, shape = given.values()
    return f"{write(x)}.reshape({', '.join(map(write, shape if isinstance(shape, (list, tuple)) else [shape]))})"


def _transpose(given: Any, write: Write) -> str | None:
    x, axes = given.values()
    return None if axes is None else f"{write(x)}.permute({', '.join(map(text.literal, axes))})"


def _axis(method: str) -> Callable[[Any, Write], str | None]:
    def make(given: Any, write: Write) -> str | None:
        x, axis = given.values()
        return f"{write(x)}.{method}({axis})" if isinstance(axis, int) else None

    return make


_FORMS: dict[str, Any] = {
    **{name: _reduced(name) for name in _REDUCTIONS},
    "concatenate": _joined("cat"),
    "stack": _joined("stack"),
    "cast": _cast,
    "reshape": _reshape,
    "transpose": _transpose,
    "expand_dims": _axis("unsqueeze"),
    "squeeze": _axis("squeeze"),
}
