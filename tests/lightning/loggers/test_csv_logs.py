"""The table has the rows that real Lightning writes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from tests.lightning import parity


def table(folder: Path) -> list[dict[str, str]]:
    with open(folder / "lightning_logs" / "version_0" / "metrics.csv", newline="") as file:
        return [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]


def test_the_same_rows(tmp_path: Path) -> None:
    found: list[Any] = []
    for number, lib in enumerate(parity.both()):
        folder = tmp_path / str(number)
        parity.run(
            lib, parity.classifier, folder, parity.data(24), parity.data(8), max_epochs=2,
            logger=lib.loggers.CSVLogger(folder),
        )  # fmt: skip
        found.append(table(folder))
    own, real = found
    assert [sorted(row) for row in own] == [sorted(row) for row in real]
    for row, wanted in zip(own, real, strict=True):
        assert {k: float(v) for k, v in row.items()} == pytest.approx({k: float(v) for k, v in wanted.items()})


def test_rows_are_written_together(tmp_path: Path) -> None:
    logger = pl.loggers.CSVLogger(tmp_path, None, prefix="p", flush_logs_every_n_steps=2)
    logger.log_metrics({"a": 1.0}, 0)
    assert not Path(logger.path).exists() and logger.root_dir == str(tmp_path)
    logger.log_metrics({"a": 2.0}, 1)
    assert Path(logger.path).read_text().split() == ["epoch,step,p-a", ",0,1.0", ",1,2.0"]
    logger.log_hyperparams({"lr": 0.1}, {"b": 1.0})
    logger.save()
    logger.finalize()
    assert (tmp_path / "version_0" / "hparams.yaml").read_text() == "lr: 0.1\n"
