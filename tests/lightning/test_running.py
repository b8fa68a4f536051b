"""What a Trainer does for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from tests.lightning import parity


def test_printing_and_clipping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module, trainer, _ = parity.run(pl, parity.autoencoder, tmp_path, parity.data(8), max_epochs=1)
    module.print("from the module")
    trainer.print("from the trainer")
    assert "from the module\nfrom the trainer\n" in capsys.readouterr().out
    for parameter in module.parameters():
        parameter.grad = parameter.detach() * 0 + 5.0
    module.clip_gradients(trainer.optimizers[0], 0.5, "value")
    assert all(float(parameter.grad.max()) == 0.5 for parameter in module.parameters())


def test_dataloaders_are_asked_for_anew(tmp_path: Path) -> None:
    class Growing(parity.classifier(pl)):  # type: ignore[misc]
        size = 4

        def train_dataloader(self) -> Any:
            return parity.data(batch=self.size)

        val_dataloader = test_dataloader = train_dataloader

    class Changing(pl.Callback):
        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            assert trainer.data_kind == "train"
            pl_module.size = 11
            trainer.reload()

        def on_test_start(self, trainer: Any, pl_module: Any) -> None:
            assert trainer.data_kind == "test"
            pl_module.size = 22
            trainer.reload()

    module, trainer, _ = parity.run(
        pl, lambda lib: Growing, tmp_path, None, callbacks=[lambda lib: Changing()], max_epochs=1
    )
    assert (len(module.losses), trainer.num_training_batches, trainer.num_val_batches) == (4, 4, [4])
    trainer.test(module, verbose=False)
    assert trainer.num_test_batches == [2]
