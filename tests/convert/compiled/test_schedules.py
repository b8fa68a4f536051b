"""Schedules as functions of the step, beside the schedules themselves."""

from __future__ import annotations

from typing import Any

import pytest

from kerastorch.convert.compiled.schedules import helper
from kerastorch.convert.layers.writer import Writer
from kerastorch.optimizers import schedules

ALL = [
    schedules.ExponentialDecay(0.1, 7, 0.9), schedules.ExponentialDecay(0.1, 7, 0.9, staircase=True),
    schedules.InverseTimeDecay(0.1, 7, 0.9), schedules.InverseTimeDecay(0.1, 7, 0.9, staircase=True),
    schedules.PolynomialDecay(0.1, 7), schedules.PolynomialDecay(0.1, 7, 0.01, power=2.0),
    schedules.PolynomialDecay(0.1, 7, cycle=True), schedules.PiecewiseConstantDecay([3, 9], [1.0, 0.5, 0.1]),
    schedules.CosineDecay(0.1, 12), schedules.CosineDecay(0.1, 12, alpha=0.2),
    schedules.CosineDecay(0.02, 12, warmup_target=0.1, warmup_steps=4), schedules.CosineDecayRestarts(0.1, 5),
]  # fmt: skip


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: type(s).__name__)
def test_same_rates(schedule: Any) -> None:
    writer = Writer()
    source = helper(writer, schedule)
    assert source is not None
    writer.use(source)
    space: dict[str, Any] = {}
    exec("\n".join([*writer.imports, source]), space)
    for step in range(40):
        assert space["learning_rate"](step) == pytest.approx(schedule(step), rel=1e-9)


def test_a_users_schedule_is_not_written() -> None:
    class Own(schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return 0.1

    assert helper(Writer(), Own()) is None
