"""`@op`: what makes a function on tensors an operation of `keras.ops`.

The decorated function works on tensors alone. The operation around it also takes arrays, lists and numbers, and
when an argument overrides torch functions (a symbolic tensor) it hands the plain function over, so that a graph
records one node and calls the plain function later.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

import torch
from torch import Tensor, nn

from kerastorch.base import registry
from kerastorch.ops._convert import NUMBERS, to_tensor

R = TypeVar("R")


class Operation(Protocol[R]):
    """A function on tensors that takes arrays, lists, numbers and symbolic tensors too."""

    raw: Callable[..., R]
    keras_module: str
    keras_class: str
    keras_call: tuple[str, ...]

    def __call__(self, *args: Any, **kwargs: Any) -> R: ...


_READY = frozenset((Tensor, nn.Parameter))
_SCALARS = (*NUMBERS, torch.SymInt, torch.SymFloat)


def camel_case(name: str) -> str:
    """`leaky_relu` as the class `LeakyRelu`."""
    return "".join(part.capitalize() for part in name.split("_"))


def op(
    module: str,
    *tensors: str,
    keras: str | None = None,
    call: tuple[str, ...] | None = None,
    weak: bool = False,
    aliases: tuple[str, ...] = (),
) -> Callable[[Callable[..., R]], Operation[R]]:
    """Make an operation of a function on tensors.

    Args:
        module: Where Keras keeps the operation's class: "numpy", "nn", "math", "core", "linalg", "image".
        *tensors: The parameters that take tensors; "*xs" one that takes a list of them, "*" alone the variable ones.
        keras: The name of Keras's class, where it is not the function's name in camel case; "" when there is none.
        call: The arguments of Keras's `call`, where they are not just the tensors.
        weak: Whether Python numbers beside a tensor take its dtype (they are handed over as they are).
        aliases: Further names in the registry.

    Returns:
        A decorator. The operation has the plain function as `.raw`; both carry `keras_module`, `keras_class` and
        `keras_call` (the arguments that Keras gives to the operation's `call`, the others being its config).

    Example:
        >>> @op("numpy", "x1", "x2", weak=True)
        ... def an_example(x1, x2):
        ...     return x1 + x2
        >>> an_example([1.0, 2.0], 1)
        tensor([2., 3.])
    """

    def decorate(raw: Callable[..., R]) -> Operation[R]:
        inputs = _Inputs(raw, tensors, weak)
        leading = inputs.leading

        @functools.wraps(raw)
        def operation(*args: Any, **kwargs: Any) -> R:
            if len(args) >= leading and inputs.plain(args):
                return raw(*args, **kwargs)
            found: list[Any] = []
            _collect((args, kwargs), found)
            args, kwargs = inputs.convert(args, kwargs, found)
            symbols = [value for value in found if not isinstance(value, Tensor)]
            if not symbols:
                return raw(*args, **kwargs)
            kind = type(symbols[0])  # asked itself, not through the modes of torch, which would run the plain function
            return kind.__torch_function__(raw, tuple({type(s) for s in symbols}), args, kwargs)

        for function in (raw, operation):
            function.keras_module = f"keras.src.ops.{module}"  # type: ignore[attr-defined]
            function.keras_class = camel_case(raw.__name__) if keras is None else keras  # type: ignore[attr-defined]
            function.keras_call = call or tuple(name.lstrip("*") for name in tensors)  # type: ignore[attr-defined]
        operation.raw = raw  # type: ignore[attr-defined]
        raw.__qualname__ = f"{raw.__qualname__}.raw"  # so that the plain function pickles by its name
        registry.register("ops", *aliases)(raw)
        return cast(Operation[R], operation)

    return decorate


class _Inputs:
    """Which parameters of a function take tensors, and how what comes there becomes tensors."""

    def __init__(self, function: Callable[..., Any], tensors: tuple[str, ...], weak: bool) -> None:
        parameters = inspect.signature(function).parameters
        self.weak = weak
        self.many = {name[1:] for name in tensors if name.startswith("*") and len(name) > 1}
        self.names = {name.lstrip("*") for name in tensors} - {""}
        self.positions = {i: n for i, n in enumerate(parameters) if n in self.names}
        variable = [i for i, p in enumerate(parameters.values()) if p.kind is p.VAR_POSITIONAL]
        self.rest = variable[0] if variable and "*" in tensors else None
        self.leading = 1 + max(self.positions, default=-1) if self.rest is None and not self.many else 10**6

    def plain(self, args: tuple[Any, ...]) -> bool:
        """Whether every tensor parameter came by position as a tensor that overrides nothing (or a weak number)."""
        tensors = 0
        for i in self.positions:
            kind = type(args[i])
            if kind in _READY:
                tensors += 1
            elif not self.weak or kind not in NUMBERS:
                return False
        return tensors > 0 or not self.positions

    def convert(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], found: list[Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with tensors for arrays and lists, on the device of the first tensor among `found`."""
        device = next((t.device for t in found if isinstance(t, Tensor)), None)
        weak = self.weak and self._has_array(args, kwargs)

        def one(value: Any) -> Any:
            if value is None or isinstance(value, Tensor) or hasattr(type(value), "__torch_function__"):
                return value
            if isinstance(value, _SCALARS) and weak:
                return value
            return to_tensor(value, device=device)

        def several(name: str, value: Any) -> Any:
            return [one(v) for v in value] if name in self.many and not isinstance(value, Tensor) else one(value)

        converted = [several(self.positions[i], v) if i in self.positions else v for i, v in enumerate(args)]
        if self.rest is not None:
            converted[self.rest :] = [one(v) for v in converted[self.rest :]]
        return tuple(converted), {n: several(n, v) if n in self.names else v for n, v in kwargs.items()}

    def _has_array(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        given = [v for i, v in enumerate(args) if i in self.positions] + [kwargs[n] for n in self.names & kwargs.keys()]
        return any(v is not None and not isinstance(v, _SCALARS) for v in given)


def _collect(value: Any, found: list[Any]) -> None:
    """Gather tensors and what overrides torch functions; long lists of plain numbers are not looked through."""
    if isinstance(value, Tensor) or hasattr(type(value), "__torch_function__"):
        found.append(value)
    elif isinstance(value, Mapping):
        for child in value.values():
            _collect(child, found)
    elif isinstance(value, (list, tuple)) and value and not isinstance(value[0], _SCALARS):
        for child in value:
            _collect(child, found)
    elif isinstance(value, (list, tuple)) and len(value) < 33:
        found.extend(v for v in value if not isinstance(v, _SCALARS) and hasattr(type(v), "__torch_function__"))
