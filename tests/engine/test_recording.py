"""Recording: numbers that remember, operators that take them, state that must not be hidden."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kerastorch.engine.recording import Number, Slots, record


def test_a_number_is_computed_anew() -> None:
    group = {"lr": 0.5, "t": 3}
    rate, count = (Number(group[key], lambda key=key: group[key]) for key in ("lr", "t"))
    result = -rate * (1.0 - 0.9 ** (count + 1)) ** 0.5 / (2 - rate)
    assert float(result) == -0.5 * (1 - 0.9**4) ** 0.5 / 1.5
    group.update(lr=0.25, t=9)
    assert result.compute() == -0.25 * (1 - 0.9**10) ** 0.5 / 1.75


@pytest.mark.parametrize("decide", [int, round, lambda n: n % 2, lambda n: n < 3, lambda n: min(n, 1.0)])
def test_a_number_decides_nothing(decide: Any) -> None:
    with pytest.raises(RuntimeError, match="decision by their values"):
        decide(Number(2.0, lambda: 2.0))


OPERATORS: dict[str, Any] = {
    "add_": lambda p, a, b, n: p.add_(a, alpha=n),
    "sub": lambda p, a, b, n: p.copy_(p.sub(a, alpha=n)),
    "addcdiv_": lambda p, a, b, n: p.addcdiv_(a, b, value=-n),
    "addcmul": lambda p, a, b, n: p.copy_(torch.addcmul(p, a, b, value=n)),
    "lerp_": lambda p, a, b, n: p.lerp_(a, n),
    "mul": lambda p, a, b, n: p.mul_(n).add_(n),
    "of data": lambda p, a, b, n: p.data.add_(a * n),
    "foreach add": lambda p, a, b, n: torch._foreach_add_([p], [a], alpha=-n),
    "foreach div": lambda p, a, b, n: p.copy_(torch._foreach_div([a], n)[0]),
    "foreach addcdiv": lambda p, a, b, n: torch._foreach_addcdiv_([p], [a], [b], -n),
    "foreach lerp": lambda p, a, b, n: torch._foreach_lerp_([p], [a], 1.0 - n),
    "foreach pow": lambda p, a, b, n: p.copy_(torch._foreach_pow([b], n)[0]),
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("shape", [(3,), ()])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_operator_with_a_number(name: str, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    value = {"now": 0.5}
    tensors = [torch.rand(shape, dtype=dtype) + 0.5 for _ in range(3)]
    wanted = [tensor.clone() for tensor in tensors]
    slots = Slots(torch.device("cpu"))
    number = Number(0.5, lambda: value["now"])
    graph = record([lambda: OPERATORS[name](*tensors, number)], tensors, slots)
    tensors[0].copy_(wanted[0])  # the recording has changed it, with zeros in the place of numbers
    for value["now"] in (0.5, 0.75):
        slots.write()
        graph(*tensors, slots.tensor)
        OPERATORS[name](*wanted, value["now"])
        torch.testing.assert_close(tensors, wanted)


def test_state_that_is_not_an_input_is_refused() -> None:
    hidden, given = torch.zeros(2), torch.ones(2)
    with pytest.raises(RuntimeError, match="Register the tensor"):
        record([lambda: hidden.add_(given)], [given], Slots(torch.device("cpu")))


def test_values_cannot_be_asked_for() -> None:
    given: Tensor = torch.ones(2)
    with pytest.raises(RuntimeError, match="value out of a tracing tensor"):
        record([lambda: given.sum().item()], [given], Slots(torch.device("cpu")))
