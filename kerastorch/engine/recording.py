"""Recording a step as a graph: the step runs once as it is, and every operator that it calls is written down.

Nothing in a step is written twice for this: the graph is what `TrainStep` did, with the optimizer's own rule. What
changes from step to step on the host (learning rate, update counter, what is computed from them) would be frozen into
the graph as constants. During the recording these are `Number`s: floats that remember how they were computed. Where one
meets a tensor, the graph reads an entry of an input tensor instead, which `Slots.write` fills before each step.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx
from torch.overrides import TorchFunctionMode

from kerastorch.base import errors
from kerastorch.runtime.device import exact_dtype


class Number(float):
    """A float that remembers how it was computed.

    Args:
        value: The value now.
        compute: Gives the value at a later step.

    Example:
        >>> group = {"lr": 0.5}
        >>> half = Number(group["lr"], lambda: group["lr"]) / 2
        >>> group["lr"] = 3.0
        >>> float(half), half.compute()
        (0.25, 1.5)
    """

    compute: Callable[[], float]

    def __new__(cls, value: float, compute: Callable[[], float]) -> Number:
        number = super().__new__(cls, value)
        number.compute = compute
        return number


def _arithmetic(name: str, function: Callable[..., float]) -> Callable[..., Any]:
    def method(self: Number, *others: Any) -> Any:
        if not all(isinstance(other, (int, float)) for other in others):
            return NotImplemented
        inputs = [getattr(n, "compute", lambda n=n: n) for n in (self, *others)]
        value = function(float(self), *map(float, others))
        return Number(value, lambda: function(*[compute() for compute in inputs]))

    method.__name__ = name
    return method


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _function = getattr(operator, _name)
    setattr(Number, f"__{_name}__", _arithmetic(_name, _function))
    setattr(Number, f"__r{_name}__", _arithmetic(_name, lambda a, b, f=_function: f(b, a)))
Number.__neg__ = _arithmetic("neg", operator.neg)  # type: ignore[method-assign]


def _refusing(name: str) -> Callable[..., Any]:
    def method(self: Number, *others: Any) -> Any:
        raise RuntimeError(
            errors.message(
                "An update that is compiled",
                expected="formulas of the learning rate and the number of updates",
                received=errors.Said(f"a decision by their values (`{name.strip('_')}`)"),
            )
        )

    method.__name__ = name
    return method


for _name in ("int", "trunc", "floor", "ceil", "round", "mod", "floordiv", "lt", "le", "gt", "ge"):
    setattr(Number, f"__{_name}__", _refusing(f"__{_name}__"))


class Slots:
    """The entries of the input tensor in which a graph finds the numbers of a step.

    Args:
        device: Where the graph runs.
        size: How many numbers there may be.
    """

    def __init__(self, device: torch.device, size: int = 64) -> None:
        self.tensor = torch.zeros(size, dtype=exact_dtype(device), device=device)
        self.numbers: dict[int, Number] = {}
        self.entries: dict[int, Tensor] = {}
        self.written: list[float] = []

    def __call__(self, number: Number) -> Tensor:
        """The entry of a number: shape ()."""
        key = id(number)
        if key not in self.numbers:
            self.numbers[key] = number
            self.entries[key] = self.tensor[len(self.entries)]
        return self.entries[key]

    def close(self) -> None:
        """End the recording: forget its tensors, keep the numbers."""
        self.entries = {}
        self.head = self.tensor[: len(self.numbers)]
        self.computes = [number.compute for number in self.numbers.values()]

    def write(self) -> None:
        """Let the graph see the numbers of the step that comes."""
        values = [compute() for compute in self.computes]
        if values != self.written:
            self.head.copy_(torch.tensor(values, dtype=self.tensor.dtype), non_blocking=True)
            self.written = values


class NumbersAsTensors(TorchFunctionMode):
    """Gives operators the entries of numbers, also where torch takes nothing but constants (`alpha=`, `value=`)."""

    def __init__(self, slots: Slots) -> None:
        super().__init__()
        self.slots = slots

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is _DATA:  # an alias that nothing would see; a detached tensor is one that is recorded
            return args[0].detach()
        scaled = any(isinstance(kwargs.get(name), (Number, Tensor)) for name in ("alpha", "value"))
        if not scaled and not any(isinstance(arg, Number) for arg in (*args, *kwargs.values())):
            return func(*args, **kwargs)
        args = [self._entry(arg) for arg in args]
        kwargs = {name: self._entry(arg) for name, arg in kwargs.items()}
        name = func.__name__
        if not name.startswith("_foreach_"):
            return _one(name, func, args, kwargs)
        name = name.removeprefix("_foreach_")
        method = getattr(Tensor, name)
        each = [_one(name, method, [_nth(arg, i) for arg in args], kwargs) for i in range(len(args[0]))]
        return None if name.endswith("_") else each

    def _entry(self, arg: Any) -> Any:
        return self.slots(arg) if isinstance(arg, Number) else arg


_DATA = Tensor.data.__get__  # type: ignore[attr-defined]


def _nth(arg: Any, index: int) -> Any:
    return arg[index] if isinstance(arg, (list, tuple)) else arg


def _one(name: str, func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """One operator on tensors whose constants have become tensors."""
    rule = _SCALED.get(name.rstrip("_"))
    if rule is None:
        return func(*args, **kwargs)
    target, *rest = args
    term = rule(target, *rest, **kwargs)
    if name.startswith("lerp"):
        return func(target, rest[0], term)
    return target.add_(term) if name.endswith("_") else target + term


def _fitted(factor: Any, like: Tensor) -> Any:
    """A factor that does not change the dtype of what it meets: a scalar would, beside another scalar."""
    return factor.to(like.dtype) if isinstance(factor, Tensor) and not like.ndim else factor


# What the operator adds to its target.
_SCALED: dict[str, Callable[..., Any]] = {
    "add": lambda target, other, alpha=1: _times(other, alpha, target),
    "sub": lambda target, other, alpha=1: -_times(other, alpha, target),
    "addcmul": lambda target, a, b, value=1: _times(a * b, value, target),
    "addcdiv": lambda target, a, b, value=1: _times(a / b, value, target),
    "lerp": lambda target, end, weight: weight.to(target.dtype),
}


def _times(term: Any, factor: Any, like: Tensor) -> Any:
    term = _fitted(term, like)
    return term if isinstance(factor, int) and factor == 1 else term * _fitted(factor, like)


def record(runs: Sequence[Callable[[], Any]], tensors: Sequence[Tensor], slots: Slots) -> fx.GraphModule:
    """Run functions once, and write down their operators. In this run numbers are zero where they meet tensors.

    Args:
        runs: The functions; they may change `tensors` in place.
        tensors: Everything they read or change that must be an input of the graph; the others become constants.
        slots: Gives the entries of numbers.

    Returns:
        A graph with the inputs `tensors` and the slots, without outputs.

    Raises:
        RuntimeError: A function asks for the value of a tensor (`.item()`, `if tensor:`), or changes one that is
            not among `tensors`.
    """

    def recorded(*inputs: Tensor) -> list[Tensor]:
        with NumbersAsTensors(slots):
            for run in runs:
                run()
        return []

    graph = make_fx(recorded)(*tensors, slots.tensor)
    slots.close()
    for node in graph.graph.nodes:
        node.meta.clear()  # fake tensors of several modes: the compiler makes its own
        if node.op == "call_function":
            _refuse_hidden_state(node)
    return graph


def _refuse_hidden_state(node: fx.Node) -> None:
    schema = getattr(node.target, "_schema", None)
    changed = [] if schema is None else zip(schema.arguments, node.args, strict=False)
    for argument, value in changed:
        written = argument.alias_info is not None and argument.alias_info.is_write
        if written and isinstance(value, fx.Node) and value.op == "get_attr":
            raise RuntimeError(
                errors.message(
                    "A step that is compiled",
                    expected="to change parameters, buffers, optimizer state and metric variables only",
                    received=errors.Said(f"{node.target} on another tensor"),
                    remedy="Register the tensor with `register_buffer` or `add_variable`.",
                )
            )
