"""Whether two outcomes of a step are the same."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch as keras
from kerastorch.engine.agreement import Disagreement, Outcome, tolerance
from kerastorch.engine.hidden import Before, State


def _trained() -> tuple[Any, State]:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(torch.rand(8, 4), torch.rand(8, 2), batch_size=4, verbose=0)
    return model, State(model._program, model.optimizer, torch.device("cpu"))


def _outcomes(change: Any) -> tuple[Before, Outcome, Outcome]:
    """The state before an update, what it became, and what it became with another change on top."""
    model, state = _trained()
    before = Before(state)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1)
    wanted = Outcome(state, model._program)
    with torch.no_grad():
        change(model)
    return before, wanted, Outcome(state, model._program)


def _nothing(model: Any) -> None: ...


def _rounding(model: Any) -> None:
    model.layers[0].weight.add_(1e-6)


def _parameter(model: Any) -> None:
    model.layers[0].weight.mul_(1.1)


def _nan(model: Any) -> None:
    model.layers[0].bias[0] = float("nan")


def _figure(model: Any) -> None:
    model._program.objective.metrics.terms[0].metric.total.add_(0.1)


def _counter(model: Any) -> None:
    model.optimizer.iterations += 1


@pytest.mark.parametrize("change", [_nothing, _rounding])
def test_rounding_does_not_count(change: Any) -> None:
    before, wanted, got = _outcomes(change)
    got.check(before, wanted, tolerance("32"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [(_parameter, "the parameters"), (_nan, "the parameters"), (_figure, "figure `mae`"), (_counter, "counts")],
)
def test_a_difference_is_named(change: Any, reason: str) -> None:
    before, wanted, got = _outcomes(change)
    with pytest.raises(Disagreement, match=reason):
        got.check(before, wanted, tolerance("32"))


def test_tolerance_follows_precision() -> None:
    assert tolerance("64") < tolerance("32") < tolerance("bf16-mixed")
    rounding = tolerance("32", torch.device("cuda"))  # convolutions in TensorFloat-32
    assert tolerance("32") < rounding < tolerance("bf16-mixed") == tolerance("bf16-mixed", torch.device("cuda"))
