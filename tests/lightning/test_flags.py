"""The attributes of a Trainer, beside Lightning's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from kerastorch.lightning.flags import Flag, Flags
from tests.lightning import parity

FLAGS = [name for name, kind in vars(Flags).items() if isinstance(kind, Flag)]


def test_flags_are_read_as_lightning_gives_them(tmp_path: Path) -> None:
    def read(trainer: Any) -> dict[str, Any]:
        names = [*FLAGS, "max_epochs", "precision", "num_devices", "node_rank", "world_size", "evaluating"]
        return {name: getattr(trainer, name) for name in names if name != "enable_autolog_hparams"}

    kinds = parity.both()
    given = {"max_epochs": 3, "limit_val_batches": 2, "gradient_clip_val": 0.5, "accelerator": "cpu", "devices": 1}
    own, real = (read(lib.Trainer(**given, logger=False, default_root_dir=tmp_path)) for lib in kinds)
    assert own == real


def test_a_flag_is_set_and_checked() -> None:
    trainer = pl.Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False)
    trainer.max_epochs = 5
    trainer.limit_train_batches = 3
    assert (trainer.max_epochs, trainer.options.limit_train_batches) == (5, 3)
    with pytest.raises(ValueError, match="limit_train_batches"):
        trainer.limit_train_batches = 1.5
    with pytest.raises(ValueError, match="max_epochs"):
        trainer.max_epochs = "many"  # type: ignore[assignment]
    assert (trainer.max_epochs, trainer.limit_train_batches) == (5, 3)


def test_what_is_known_in_a_run(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    def make(lib: Any) -> Any:
        told = seen.setdefault(lib.__name__, [])

        class Asking(parity.classifier(lib)):  # type: ignore[misc]
            def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
                trainer = self.trainer
                told.append((trainer.is_last_batch, trainer.evaluating, trainer.val_dataloaders is not None))

            def on_validation_batch_end(self, *args: Any) -> None:
                told.append((self.trainer.evaluating, type(self.trainer.val_dataloaders).__name__))

        return Asking

    for lib in parity.both():
        parity.run(lib, make, tmp_path / lib.__name__, parity.data(), parity.data(8), max_epochs=2)
    own, real = seen.values()
    assert own == real


def test_early_stopping_is_found() -> None:
    callback = pl.callbacks.EarlyStopping("val_loss")
    trainer = pl.Trainer(callbacks=[callback], max_epochs=1, logger=False, enable_checkpointing=False)
    assert trainer.early_stopping_callback is callback and trainer.early_stopping_callbacks == [callback]
