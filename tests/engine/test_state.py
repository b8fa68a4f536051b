"""The cursor of a run."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from kerastorch.engine.state import RunState

numbers = st.integers(0, 2**63)


@given(epoch=numbers, batch=numbers, step=numbers, seed=numbers, reason=st.none() | st.text())
def test_round_trip_through_plain_values(epoch: int, batch: int, step: int, seed: int, reason: str | None) -> None:
    state = RunState(epoch, batch, step, seed, reason)
    other = RunState()
    other.load_state_dict(json.loads(json.dumps(state.state_dict())))
    assert other == state


def test_a_request_to_stop_keeps_its_reason() -> None:
    state = RunState()
    assert state.stop_reason is None
    state.request_stop("loss is NaN")
    assert state.stop_reason == "loss is NaN"
