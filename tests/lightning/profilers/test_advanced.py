"""Functions that actions call."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastorch.lightning.profilers import AdvancedProfiler
from tests.lightning import parity


def outer(profiler: AdvancedProfiler) -> None:
    with profiler.profile("outer"):
        sorted([2, 1])
        with profiler.profile("inner"):
            divmod(7, 2)
        abs(-1)


def test_an_inner_action_has_its_own_calls(tmp_path: Path) -> None:
    profiler = AdvancedProfiler(dirpath=tmp_path, filename="calls", dump_stats=True)
    outer(profiler)
    parts = profiler.summary().split("Profile stats for: ")
    told = {part.split("\n")[0]: part for part in parts[1:]}
    assert "sorted" in told["outer"] and "abs" in told["outer"] and "divmod" not in told["outer"]
    assert "divmod" in told["inner"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calls-inner.prof", "calls-outer.prof"]
    profiler.describe()
    assert "divmod" in (tmp_path / "calls.txt").read_text() and profiler.summary() == "Profiler Report"
    with pytest.raises(ValueError, match="one that runs"):
        profiler.stop("outer")


def test_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = parity.both()[0]
    parity.run(own, parity.classifier, tmp_path, parity.data(), max_epochs=1, profiler="advanced")
    shown = capsys.readouterr().out
    assert "Profile stats for: [Strategy]SingleDevice.training_step" in shown and "cross_entropy" in shown
