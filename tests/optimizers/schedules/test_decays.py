from __future__ import annotations

from typing import Any

import keras
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.optimizers import schedules

CASES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 30}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 30, "end_learning_rate": 0.01, "power": 2.0}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 30, "cycle": True, "power": 0.5}),
    ("PiecewiseConstantDecay", {"boundaries": [5, 10, 50], "values": [0.1, 0.05, 0.01, 0.001]}),
    ("PiecewiseConstantDecay", {"boundaries": [20], "values": [0.1, 0.05]}),
]


@pytest.mark.parametrize(("name", "config"), CASES)
def test_values_are_kerass(name: str, config: dict[str, Any]) -> None:
    ours, theirs = getattr(schedules, name)(**config), getattr(keras.optimizers.schedules, name)(**config)
    steps = [*range(0, 70), 299, 1000]
    for step in steps:
        rate = ours(step)
        assert type(rate) is float
        assert rate == pytest.approx(float(theirs(step)), rel=2e-5, abs=1e-8)
    rates = ours(torch.tensor(steps))
    torch.testing.assert_close(rates, torch.tensor([ours(s) for s in steps]), rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize(("name", "config"), CASES)
def test_configs_are_kerass(name: str, config: dict[str, Any]) -> None:
    ours, theirs = getattr(schedules, name)(**config), getattr(keras.optimizers.schedules, name)(**config)
    assert ours.get_config() == theirs.get_config()
    written = keras.optimizers.schedules.serialize(theirs)
    assert schedules.serialize(ours) == written
    assert schedules.deserialize(written).get_config() == config | ours.get_config()
    assert keras.optimizers.schedules.deserialize(schedules.serialize(ours)).get_config() == ours.get_config()


@pytest.mark.parametrize("decay_steps", [0, -1, "10", True, None])
def test_bad_steps(decay_steps: Any) -> None:
    for make in (schedules.ExponentialDecay, schedules.InverseTimeDecay):
        with pytest.raises(ValueError, match="`decay_steps`: expected a number of steps > 0"):
            make(0.1, decay_steps, 0.5)
    with pytest.raises(ValueError, match="`decay_steps`"):
        schedules.PolynomialDecay(0.1, decay_steps)


@pytest.mark.parametrize(("boundaries", "values"), [([1, 2], [0.1, 0.2]), ([], [0.1])])
def test_bad_boundaries(boundaries: list[int], values: list[float]) -> None:
    with pytest.raises(ValueError, match="`values` of PiecewiseConstantDecay"):
        schedules.PiecewiseConstantDecay(boundaries, values)


@given(step=st.integers(0, 10**6), steps=st.integers(1, 10**4), cycle=st.booleans())
def test_polynomial_decay_stays_between_its_ends(step: int, steps: int, cycle: bool) -> None:
    rate = schedules.PolynomialDecay(1.0, steps, 0.25, cycle=cycle)(step)
    assert 0.25 - 1e-9 <= rate <= 1.0
