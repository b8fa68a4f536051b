from __future__ import annotations

from typing import Any

import keras
import pytest
import torch

from kerastorch.optimizers import schedules

CASES: list[tuple[str, dict[str, Any]]] = [
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 40}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 40, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 0.01, "decay_steps": 40, "warmup_target": 0.5, "warmup_steps": 13}),
    ("CosineDecay", {"initial_learning_rate": 0.01, "decay_steps": 40, "warmup_target": 0.5, "alpha": 0.2}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 9}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 9, "t_mul": 1.0, "m_mul": 0.5}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 8, "t_mul": 1.5, "alpha": 0.1}),
]


@pytest.mark.parametrize(("name", "config"), CASES)
def test_values_are_kerass(name: str, config: dict[str, Any]) -> None:
    ours, theirs = getattr(schedules, name)(**config), getattr(keras.optimizers.schedules, name)(**config)
    # Steps of .5 lie inside the periods: at their ends Keras's float32 may round to either side of a restart.
    steps = [step + 0.5 for step in range(100)]
    for step in steps:
        assert ours(step) == pytest.approx(float(theirs(step)), rel=1e-4, abs=1e-7)
    torch.testing.assert_close(ours(torch.tensor(steps)), torch.tensor([ours(s) for s in steps]), rtol=1e-4, atol=1e-7)
    assert type(ours(3)) is float
    assert ours(0) == pytest.approx(float(theirs(0)))


@pytest.mark.parametrize(("name", "config"), CASES)
def test_configs_are_kerass(name: str, config: dict[str, Any]) -> None:
    ours, theirs = getattr(schedules, name)(**config), getattr(keras.optimizers.schedules, name)(**config)
    assert schedules.serialize(ours) == keras.optimizers.schedules.serialize(theirs)
    assert schedules.deserialize(schedules.serialize(ours))(17) == ours(17)


def test_restarts_at_whole_periods() -> None:
    schedule = schedules.CosineDecayRestarts(1.0, 10, t_mul=2.0, m_mul=0.5)
    assert [schedule(s) for s in (0, 10, 30)] == [1.0, 0.5, 0.25]


def test_bad_steps() -> None:
    with pytest.raises(ValueError, match="`decay_steps`"):
        schedules.CosineDecay(0.1, 0)
    with pytest.raises(ValueError, match="`first_decay_steps`"):
        schedules.CosineDecayRestarts(0.1, -5)
