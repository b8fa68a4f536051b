"""Names and steps of the figures are real Lightning's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl
from tests.lightning import parity


def monitor(cpu_stats: Any) -> Any:
    return [lambda lib: lib.callbacks.DeviceStatsMonitor(cpu_stats)]


@pytest.mark.parametrize("cpu_stats", [None, True, False])
def test_the_same_names_and_steps(cpu_stats: Any, tmp_path: Path) -> None:
    pytest.importorskip("psutil")
    own, real = parity.run_both(
        parity.classifier, tmp_path, lambda: parity.data(40), lambda: parity.data(24), max_epochs=2,
        callbacks=monitor(cpu_stats),
    )  # fmt: skip
    for (_, trainer, _), seed in ((own, 0), (real, 0)):
        with parity.quiet():
            trainer.test(trainer.lightning_module, parity.data(24, seed=seed), verbose=False)
    found, wanted = ([(step, sorted(row)) for step, row in logger.rows] for _, _, logger in (own, real))
    assert found == wanted
    values = [v for _, row in own[2].rows for k, v in row.items() if k.startswith("DeviceStatsMonitor.")]
    assert bool(values) == (cpu_stats is not False)
    assert all(0.0 <= value <= 100.0 for value in values)


def test_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="a Trainer with a logger"):
        parity.run(
            pl, parity.classifier, tmp_path, parity.data(8), max_epochs=1, logger=False, callbacks=monitor(False)
        )
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(ImportError, match="pip install psutil"):
        parity.run(pl, parity.classifier, tmp_path, parity.data(8), max_epochs=1, callbacks=monitor(None))


def test_memory_of_a_cuda_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, trainer, logger = parity.run(pl, parity.classifier, tmp_path, parity.data(8), max_epochs=1)
    trainer.plan = type("Plan", (), {"device": torch.device("cuda", 0), "strategy": trainer.plan.strategy})()
    monkeypatch.setattr(torch.cuda, "memory_stats", lambda device: {"allocated_bytes.all.current": device.index + 5})
    logger.rows.clear()
    pl.callbacks.DeviceStatsMonitor().on_validation_batch_end(trainer, None, None, None, 1)
    assert logger.rows == [(1, {"DeviceStatsMonitor.on_validation_batch_end/allocated_bytes.all.current": 5})]


@pytest.mark.gpu
def test_a_run_on_cuda(tmp_path: Path) -> None:
    _, _, logger = parity.run(
        pl, parity.classifier, tmp_path, parity.data(40), max_epochs=1, accelerator="gpu", devices=1,
        callbacks=monitor(None),
    )  # fmt: skip
    rows = [row for _, row in logger.rows if "DeviceStatsMonitor.on_train_batch_end/num_ooms" in row]
    assert rows and all(row["DeviceStatsMonitor.on_train_batch_end/allocated_bytes.all.current"] > 0 for row in rows)
