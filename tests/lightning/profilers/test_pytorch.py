"""Operators that steps run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastorch.lightning.profilers import PyTorchProfiler
from tests.lightning import parity


def test_a_table_and_a_trace(tmp_path: Path) -> None:
    own = parity.both()[0]
    profiler = PyTorchProfiler(dirpath=tmp_path, filename="ops", row_limit=-1)
    module, _, _ = parity.run(own, parity.classifier, tmp_path, parity.data(64), max_epochs=1, profiler=profiler)
    table = (tmp_path / "fit-ops.txt").read_text()
    row = next(line for line in table.splitlines() if "aten::addmm " in line)
    assert row.split()[-1] == "10", "two layers in each of five steps"
    assert "[pl][profile]run_training_batch" in table and "[pl][module]Linear: net.0" in table
    (trace,) = tmp_path.glob("fit-ops*.json")
    assert len(json.loads(trace.read_text())["traceEvents"]) > 100
    assert profiler.profiler is None and not module.net[0]._forward_hooks


def test_few_steps_are_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = parity.both()[0]
    parity.run(own, parity.classifier, tmp_path, parity.data(), fast_dev_run=True, profiler="pytorch")
    assert "aten::addmm" in capsys.readouterr().out


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="cpu_time"):
        PyTorchProfiler(sort_by_key="cpu_tim")
