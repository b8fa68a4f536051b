"""Prefixes, folders, and silence on all processes but the first."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl
from kerastorch.lightning.loggers import common
from kerastorch.runtime import world
from tests.lightning import parity


class Telling(pl.loggers.Logger):
    told: list[Any]

    @property
    def experiment(self) -> Any:
        return self.told

    def log_metrics(self, metrics: Any, step: Any = None) -> None:
        self.told.append((step, dict(metrics)))


class Own(common.ServiceLogger, Telling):
    prefix = "p"


def test_prefix_and_folders(tmp_path: Path) -> None:
    logger = Own(tmp_path, "name", "version")
    logger.told = []
    logger.log_metrics({"a": torch.tensor(0.5), "b": 2}, 3)
    assert logger.told == [(3, {"p-a": 0.5, "p-b": 2})]
    assert logger.root_dir == str(tmp_path / "name") and logger.log_dir == str(tmp_path)


def test_other_processes_are_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = Own(tmp_path)
    logger.told = []
    assert logger.experiment is logger.told
    monkeypatch.setattr(world.World, "here", classmethod(lambda kind: SimpleNamespace(rank=1)))
    logger.log_metrics({"a": 1.0}, 0)
    logger.experiment.add_audio("speech", [0.0])  # taken, and dropped
    assert logger.told == [] and logger.experiment is not logger.told
    board = pl.loggers.TensorBoardLogger(tmp_path / "board")
    board.experiment.add_scalar("a", 1.0, 0)
    board.log_hyperparams({"lr": 0.1})
    board.finalize()
    assert not (tmp_path / "board").exists()


def test_several_loggers_at_once(tmp_path: Path) -> None:
    """All get the same figures; folders and checkpoints are those of the first."""
    found = []
    for number, lib in enumerate(parity.both()):
        folder = tmp_path / str(number)
        first, second = parity.recording_logger(lib, folder), parity.recording_logger(lib, folder)
        table = lib.loggers.CSVLogger(folder, name="csv", version=5)
        board = lib.loggers.TensorBoardLogger(folder, name="board", version="x", sub_dir="events")
        _, trainer, _ = parity.run(
            lib, parity.classifier, folder, parity.data(24), parity.data(8), max_epochs=1, enable_checkpointing=True,
            logger=[board, table, first, second],
        )  # fmt: skip
        assert first.rows == second.rows and first.rows and first.given == second.given
        files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if "events.out" not in p.name)
        dirs = [Path(path).relative_to(folder).as_posix() for path in (trainer.log_dir, trainer.logger.log_dir)]
        found.append((first.rows, files, dirs, len(trainer.loggers), Path(table.log_dir).name))
    own, real = found
    assert own[1:] == real[1:]
    assert [(step, sorted(row)) for step, row in own[0]] == [(step, sorted(row)) for step, row in real[0]]


def test_a_logger_of_the_users_own(tmp_path: Path) -> None:
    told = []
    for lib in parity.both():

        class Own(lib.loggers.Logger):  # type: ignore[misc]
            @property
            def name(self) -> str:
                return "mine"

            @property
            def version(self) -> str:
                return "0.1"

            @property
            def save_dir(self) -> str:
                return str(tmp_path)

            def log_hyperparams(self, params: Any) -> None:
                self.told = [dict(params)]

            def log_metrics(self, metrics: Any, step: Any) -> None:
                self.told.append((step, dict(metrics)))

            def finalize(self, status: str) -> None:
                self.told.append(status)

        logger = Own()
        _, trainer, _ = parity.run(
            lib, parity.classifier, tmp_path, parity.data(16), parity.data(8), max_epochs=2, logger=logger,
            log_every_n_steps=1, enable_checkpointing=True,
        )  # fmt: skip
        told.append((logger.told, trainer.checkpoint_callback.dirpath))
    assert told[0] == told[1] and told[0][1] == str(tmp_path / "mine" / "0.1" / "checkpoints")


def test_an_experiment_of_the_first_process(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(pl.loggers.Logger):
        @property
        @pl.loggers.rank_zero_experiment
        def experiment(self) -> Any:
            return [1]

        def log_metrics(self, metrics: Any, step: Any = None) -> None: ...

    assert Own().experiment == [1]
    monkeypatch.setattr(pl.utilities.RankZeroOnly, "rank", 1)
    Own().experiment.add_scalar("a", 1)
