"""Time is taken, and ends a training."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import kerastorch.lightning as pl
from kerastorch.lightning.callbacks.timer import seconds
from tests.lightning import parity


@pytest.mark.parametrize(("interval", "steps"), [("step", 1), ("epoch", 6)])
def test_time_is_up(interval: str, steps: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    timer = pl.callbacks.Timer({"microseconds": 1}, interval=interval)
    _, trainer, _ = parity.run(
        pl, parity.classifier, tmp_path, parity.data(), parity.data(8), max_epochs=3, callbacks=[lambda lib: timer]
    )
    assert trainer.global_step == steps and "it ends" in capsys.readouterr().out
    assert 0 < timer.time_elapsed("validate") < timer.time_elapsed() < 60 and timer.time_elapsed("test") == 0
    assert timer.time_remaining() < 0 and timer.end_time() > timer.start_time()
    again = pl.callbacks.Timer()
    again.load_state_dict(timer.state_dict())
    assert again.time_elapsed() == timer.time_elapsed() and again.time_remaining() is None


def test_ways_to_say_it() -> None:
    for wanted in ("00:00:02:00", timedelta(minutes=2), {"minutes": 2}):
        assert seconds(wanted) == 120.0
    with pytest.raises(ValueError, match="interval"):
        pl.callbacks.Timer(interval="batch")
