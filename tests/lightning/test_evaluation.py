"""Passes without gradients: modes, predictions, several dataloaders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import kerastorch.lightning as pl
from tests.lightning import parity


def trainer(folder: Path, **flags: Any) -> Any:
    flags = {"logger": False, "enable_progress_bar": False, "max_epochs": 1, **flags}
    return pl.Trainer(accelerator="cpu", default_root_dir=folder, **flags)


@pytest.mark.parametrize("inference", [True, False])
def test_modes_and_gradients(inference: bool, tmp_path: Path) -> None:
    seen = []

    class Seeing(parity.classifier(pl)):  # type: ignore[misc]
        def test_step(self, batch: Any, batch_idx: int) -> None:
            seen.append((self.training, self.net.training, torch.is_grad_enabled(), torch.is_inference_mode_enabled()))

    module = Seeing()
    module.net.eval()
    trainer(tmp_path, inference_mode=inference).test(module, parity.data(8))
    assert seen == [(False, False, False, inference)]
    assert module.training and not module.net.training


def test_predictions(tmp_path: Path) -> None:
    module = parity.classifier(pl)()
    held = trainer(tmp_path, limit_predict_batches=2)
    module.eval()
    one = held.predict(module, parity.data(24))
    assert len(one) == 2 and torch.equal(one[0], module(next(iter(parity.data(24)))[0]).argmax(1))

    class Several(parity.classifier(pl)):  # type: ignore[misc]
        def predict_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> int:
            return 10 * dataloader_idx + batch_idx

    loaders = [parity.data(16), parity.data(8)]
    assert held.predict(Several(), loaders) == [[0, 1], [10]]
    assert held.predict(Several(), loaders, return_predictions=False) is None
    with pytest.raises(ValueError, match="dataloader_idx"):
        held.validate(parity.classifier(pl)(), loaders)


def test_results_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = trainer(tmp_path).validate(parity.classifier(pl)(), parity.data(16))
    assert "val_loss" in capsys.readouterr().out and set(figures[0]) == {"val_loss", "val_acc", "val_worst"}
