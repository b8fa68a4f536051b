"""Times of actions."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kerastorch.lightning.profilers import SimpleProfiler
from tests.lightning import parity


def test_the_figures_are_lightnings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both look at the same clock, which each action moves on by its own seconds."""
    _, real = parity.both()
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    for extended in (True, False):
        summaries = []
        for kind in (SimpleProfiler, real.profilers.SimpleProfiler):
            profiler = kind(extended=extended)
            for name, seconds in (("load", 1.5), ("train", 4.0), ("load", 0.5)):
                with profiler.profile(name):
                    now[0] += seconds
            rows = [line.replace("|", " ").split() for line in profiler.summary().splitlines()]
            summaries.append(
                [[cell for cell in row if cell != "%"] for row in rows if row and row[0] in ("load", "train")]
            )
        assert summaries[0] == summaries[1] and len(summaries[0]) == 2


def test_the_wrong_order_is_refused() -> None:
    profiler = SimpleProfiler()
    profiler.start("a")
    with pytest.raises(ValueError, match="does not run"):
        profiler.start("a")
    with pytest.raises(ValueError, match="one that runs"):
        profiler.stop("b")
    profiler.teardown("fit")
    profiler.start("a")


def test_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = parity.both()[0]
    _, trainer, _ = parity.run(own, parity.classifier, tmp_path, parity.data(), max_epochs=1, profiler="simple")
    shown = capsys.readouterr().out
    assert shown.startswith("FIT Profiler Report") and "[Strategy]SingleDevice.training_step" in shown
    assert len(trainer.profiler.recorded_durations["run_training_batch"]) == 6
