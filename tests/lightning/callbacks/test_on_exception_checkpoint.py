"""An error leaves a checkpoint, and a run that ends well none: as in real Lightning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl
from tests.lightning import parity


def failing(lib: Any) -> Any:
    class Failing(lib.Callback):  # type: ignore[misc,name-defined]
        def on_train_batch_end(self, trainer: Any, *args: Any) -> None:
            if trainer.global_step == 2:
                raise RuntimeError("the step failed")

    return Failing()


def test_it_saves_and_removes(tmp_path: Path) -> None:
    for number, lib in enumerate(parity.both()):
        folder = tmp_path / str(number)
        options: dict[str, Any] = {"max_epochs": 1, "enable_checkpointing": True}

        def saving(lib: Any, folder: Path = folder) -> Any:
            return lib.callbacks.OnExceptionCheckpoint(folder)

        with pytest.raises(RuntimeError, match="the step failed"):
            parity.run(lib, parity.classifier, folder, parity.data(24), callbacks=[failing, saving], **options)
        found = torch.load(folder / "on_exception.ckpt", weights_only=True)
        assert found["global_step"] == 2
        parity.run(lib, parity.classifier, folder, parity.data(24), callbacks=[saving], **options)
        assert not (folder / "on_exception.ckpt").exists()


def test_an_empty_name() -> None:
    with pytest.raises(ValueError, match="`filename`"):
        pl.callbacks.OnExceptionCheckpoint(".", "")
