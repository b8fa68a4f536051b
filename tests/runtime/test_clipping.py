"""Clipping does what torch's utilities do."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.runtime.clipping import ClipByNorm, ClipByValue, NoClipping, choose_clipping


def _parameters(*gradients: list[float]) -> list[torch.Tensor]:
    made = []
    for gradient in gradients:
        parameter = torch.nn.Parameter(torch.zeros(len(gradient)))
        parameter.grad = torch.tensor(gradient)
        made.append(parameter)
    return [*made, torch.nn.Parameter(torch.zeros(1))]  # one without a gradient


@given(limit=st.floats(0.01, 100), gradient=st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=5))
def test_norm_is_of_all_gradients_together(limit: float, gradient: list[float]) -> None:
    parameters = _parameters(gradient, [3.0, 4.0])
    whole = torch.tensor([*gradient, 3.0, 4.0])
    ClipByNorm(limit)(parameters)
    clipped = torch.cat([p.grad for p in parameters if p.grad is not None])
    expected = whole * min(1.0, limit / float(whole.norm()))
    torch.testing.assert_close(clipped, expected, rtol=1e-5, atol=1e-6)


@given(limit=st.floats(0.01, 100), gradient=st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=5))
def test_value_cuts_each_component(limit: float, gradient: list[float]) -> None:
    parameters = _parameters(gradient)
    ClipByValue(limit)(parameters)
    torch.testing.assert_close(parameters[0].grad, torch.tensor(gradient).clamp(-limit, limit))


def test_no_clipping_leaves_gradients_alone() -> None:
    parameters = _parameters([1e30, -5.0])
    before = parameters[0].grad
    NoClipping()(parameters)
    assert parameters[0].grad is before and before is not None and before.tolist() == [pytest.approx(1e30), -5.0]


@pytest.mark.parametrize(
    ("value", "algorithm", "kind"),
    [
        (None, None, NoClipping), (None, "norm", NoClipping), (1, None, ClipByNorm), (0.5, "norm", ClipByNorm),
        (0.5, "value", ClipByValue),
    ],
)  # fmt: skip
def test_choice(value: Any, algorithm: Any, kind: type) -> None:
    assert type(choose_clipping(value, algorithm)) is kind


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), "1", True, [1.0]])
def test_wrong_limits(value: Any) -> None:
    with pytest.raises(ValueError, match="(?s)gradient_clip_val.*xpected"):
        choose_clipping(value, "norm")


def test_unknown_algorithms_get_a_hint() -> None:
    with pytest.raises(ValueError, match="norm"):
        choose_clipping(1.0, "nrom")
