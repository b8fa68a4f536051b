"""The range test: rates, smoothing, when it ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.engine.range_test import Smoothed, range_test, rates
from kerastorch.engine.state import RunState
from kerastorch.engine.step import ManualStep, TrainStep
from tests.engine import fakes
from tests.engine.counted import CountedProgram as Program


@given(st.floats(1e-9, 1.0), st.floats(1.5, 1e9), st.integers(2, 300))
def test_rates_grow_evenly(low: float, factor: float, number: int) -> None:
    high = low * factor
    for mode, function in (("exponential", np.geomspace), ("linear", np.linspace)):
        found = rates(low, high, number, mode)
        assert found[0] == low and found[-1] == pytest.approx(high, rel=1e-12)
        np.testing.assert_allclose(found, function(low, high, number), rtol=1e-9)


@pytest.mark.parametrize("given_", [(0.0, 1.0, 9), (1.0, 1.0, 9), (1.0, math.inf, 9), (0.1, 1.0, 1), (0.1, 1.0, 2.5)])
def test_wrong_rates_are_refused(given_: Any) -> None:
    with pytest.raises(ValueError, match="lr_find: expected"):
        rates(*given_, "linear")
    with pytest.raises(ValueError, match="Did you mean 'exponential'"):
        rates(0.1, 1.0, 9, "exponentiel")


@given(st.lists(st.floats(0.01, 10.0), min_size=1, max_size=40))
def test_smoothing_is_a_weighted_mean(losses: list[float]) -> None:
    smoothed = Smoothed(None)
    for count, loss in enumerate(losses, 1):
        weights = 0.98 ** np.arange(count - 1, -1, -1.0)
        assert smoothed.add(loss) == pytest.approx(np.average(losses[:count], weights=weights))
        assert not smoothed.diverged


def test_it_ends_where_the_loss_leaves_the_best_behind_or_is_no_number() -> None:
    smoothed = Smoothed(2.0)
    smoothed.add(1.0)
    assert not smoothed.diverged
    smoothed.add(100.0)
    assert smoothed.diverged
    smoothed = Smoothed(None)
    smoothed.add(math.nan)
    assert smoothed.diverged


def _run(program: Any, sizes: list[int], chosen: list[float], threshold: float | None = None, **options: Any) -> Any:
    step = TrainStep(program, fakes.plan(**options), RunState())

    def set_rate(rate: float) -> None:
        program.optimizer.param_groups[0]["lr"] = rate

    return range_test(step, fakes.ListSource(fakes.batches(sizes)), chosen, set_rate, threshold)


@pytest.mark.parametrize("window", [1, 2])
def test_each_rate_makes_one_update_and_the_data_begin_again(window: int) -> None:
    program, chosen = Program(), rates(1e-3, 1e-1, 7, "exponential")
    losses = _run(program, [4, 4], chosen, accumulate_grad_batches=window)

    bare, smoothed, wanted = Program(), Smoothed(None), []
    batches = fakes.batches([4, 4])
    for index, rate in enumerate(chosen):
        taken = [batches[(index * window + i) % 2] for i in range(window)]
        x, y = torch.cat([b.x for b in taken]), torch.cat([b.y for b in taken])
        bare.optimizer.param_groups[0]["lr"] = rate
        bare.optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(bare.module(x), y)
        loss = loss + 0.01 * sum(p.square().sum() for p in bare.module.parameters())
        loss.backward()
        bare.optimizer.step()
        wanted.append(smoothed.add(loss.item()))
    np.testing.assert_allclose(losses, wanted, rtol=1e-12)
    for ours, theirs in zip(program.module.parameters(), bare.module.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)


def test_it_ends_early() -> None:
    losses = _run(Program(), [8], rates(1e-3, 1e3, 60, "exponential"), 4.0)
    assert 10 < len(losses) < 60 and losses[-1] > 4 * min(losses) and losses[-2] <= 4 * min(losses[:-1])


def test_data_that_cannot_be_read_twice_end_it() -> None:
    class Once(fakes.ListSource):
        def batches(self, epoch: int, start: int = 0) -> Any:
            return super().batches(epoch, start) if epoch == 0 else iter(())

    program = Program()
    step = TrainStep(program, fakes.plan(), RunState())
    assert len(range_test(step, Once(fakes.batches([2, 2, 2])), [0.1] * 9, lambda rate: None)) == 3


def test_a_step_of_ones_own_must_tell_the_loss() -> None:
    program = Program()
    step = ManualStep(program, fakes.plan(), RunState())
    with pytest.raises(ValueError, match='expected a figure "loss"'):
        range_test(step, fakes.ListSource(fakes.batches([2])), [0.1], lambda rate: None)
