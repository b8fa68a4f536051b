"""Checkpoints go to a logger when real Lightning's do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from kerastorch.lightning.loggers.models import ModelLogger
from tests.lightning import parity

wandb = pytest.importorskip("wandb", reason="real Lightning's logger that is compared with needs its client")


class Telling(ModelLogger):
    experiment = None

    def log_metrics(self, metrics: Any, step: Any = None) -> None: ...

    def keep_checkpoint(self, path: str, metadata: dict[str, Any], aliases: list[str], kind: str) -> None:
        self.kept.append((kind, metadata.pop("original_filename"), metadata["score"], metadata["arguments"], aliases))

    def finalize(self, status: str = "success") -> None:
        self._keep_waiting()


class Run:
    """Stands for a run of the client."""

    id = "abc"

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.config: dict[str, Any] = {}

    def log(self, row: Any) -> None: ...

    def log_artifact(self, artifact: Any, aliases: Any) -> None:
        held = dict(artifact.metadata)
        name, score = held.pop("original_filename"), held.pop("score")
        ((kind, arguments),) = held.items()
        del arguments["_every_n_train_steps"]
        self.kept.append((kind, name, score, arguments, aliases))


@pytest.mark.parametrize("log_model", [True, "all", False])
@pytest.mark.parametrize("top", [1, 2, -1])
@pytest.mark.filterwarnings("ignore")
def test_the_same_files(log_model: Any, top: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "wandb"))
    own, real = parity.both()
    logger, run = Telling(tmp_path / "0", version=0), Run()
    logger.log_model, logger.kept = log_model, []
    with parity.quiet():
        other = real.loggers.WandbLogger(experiment=run, log_model=log_model, save_dir=tmp_path / "1")
    for number, (lib, one) in enumerate(((own, logger), (real, other))):

        def saving(lib: Any) -> Any:
            return lib.callbacks.ModelCheckpoint(
                filename="{step}", monitor="val_acc", mode="max", save_top_k=top, save_last=True
            )

        parity.run(
            lib, parity.classifier, tmp_path / str(number), parity.data(24), parity.data(24, seed=1), max_epochs=4,
            logger=one, callbacks=[saving], enable_checkpointing=True,
        )  # fmt: skip
    # which of several that came at once is first, and what score "last" had, is chance: their times are equal
    order = sorted if log_model is True and top != -1 else list
    assert [row[:2] + row[3:] for row in order(logger.kept)] == [row[:2] + row[3:] for row in order(run.kept)]
    assert bool(logger.kept) == bool(log_model)
    assert all(0.0 <= row[2] <= 1.0 for row in logger.kept)


def test_the_callback_is_not_asked_for_more() -> None:
    pl.loggers.CSVLogger("none").after_save_checkpoint(pl.callbacks.ModelCheckpoint())
