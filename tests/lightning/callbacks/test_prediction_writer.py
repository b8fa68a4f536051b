"""Predictions and the indices of their samples are what real Lightning gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import kerastorch.lightning as pl
from tests.lightning import parity


def plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, torch.Tensor) else [plain(one) for one in value]


def writer(lib: Any, interval: str, told: list[Any]) -> Any:
    class Writing(lib.callbacks.BasePredictionWriter):  # type: ignore[misc,name-defined]
        def write_on_batch_end(self, trainer: Any, module: Any, prediction: Any, indices: Any, *rest: Any) -> None:
            told.append(("batch", plain(prediction), indices, rest[1:]))

        def write_on_epoch_end(self, trainer: Any, module: Any, predictions: Any, indices: Any) -> None:
            told.append(("epoch", plain(predictions), indices))

    return Writing(interval)


@pytest.mark.parametrize("interval", ["batch", "epoch", "batch_and_epoch"])
@pytest.mark.parametrize("several", [False, True])
def test_the_same_writes(interval: str, several: bool, tmp_path: Path) -> None:
    found = []
    for lib in parity.both():
        told: list[Any] = []
        torch.manual_seed(0)
        module = parity.classifier(lib)()
        if several:
            module.predict_step = lambda batch, batch_idx, dataloader_idx: batch[0].sum(1)
        with parity.quiet():
            trainer = lib.Trainer(
                accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, max_epochs=1,
                enable_model_summary=False, default_root_dir=tmp_path, callbacks=writer(lib, interval, told),
                limit_predict_batches=2,
            )  # fmt: skip
            loaders = [parity.data(12, batch=5), parity.data(6, batch=4)]
            trainer.predict(module, loaders if several else loaders[0], return_predictions=False)
        found.append(told)
    assert found[0] == found[1]
    batches = 0 if interval == "epoch" else 4 if several else 2
    assert len(found[0]) == batches + (interval != "batch")


def test_loaders_without_an_order(tmp_path: Path) -> None:
    for loader in ([[torch.ones(2, 10)]], DataLoader(TensorDataset(torch.ones(2, 10)), 2, shuffle=True)):
        told: list[Any] = []
        module = parity.classifier(pl)()
        module.predict_step = lambda batch, batch_idx: torch.ones(1)
        trainer = pl.Trainer(
            accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, max_epochs=1,
            default_root_dir=tmp_path, callbacks=writer(pl, "batch_and_epoch", told),
        )  # fmt: skip
        trainer.predict(module, loader)
        assert told == [("batch", [1.0], None, (0, 0)), ("epoch", [[1.0]], [[]])]
    with pytest.raises(ValueError, match="write_interval"):
        pl.callbacks.BasePredictionWriter("step")
