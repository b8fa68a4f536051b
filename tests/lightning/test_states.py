"""The names of stages are Lightning's."""

from __future__ import annotations

import importlib

import pytest

from kerastorch.lightning import states
from tests.lightning import parity


@pytest.mark.parametrize("name", ["TrainerFn", "RunningStage", "TrainerStatus"])
def test_names(name: str) -> None:
    _, real = parity.both()
    there = getattr(importlib.import_module(f"{real.__name__}.trainer.states"), name)
    assert {one.name: one.value for one in getattr(states, name)} == {one.name: one.value for one in there}


def test_a_state_is_compared_with_them() -> None:
    state = states.State("fit", "train", "finished")
    assert (state.fn, state.stage) == (states.TrainerFn.FITTING, states.RunningStage.TRAINING) and state.finished
