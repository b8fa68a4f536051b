"""Two ranks train as one process does on their batches together."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import kerastorch.lightning as pl
from kerastorch.lightning import ranks


class Line(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(4, 1)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        loss = (self.net(batch[0]) - batch[1]).square().mean()
        self.log("loss", loss, on_epoch=True, on_step=False, sync_dist=True)
        self.log("most", loss, on_epoch=True, on_step=False, sync_dist=True, reduce_fx="max")
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val_loss", (self.net(batch[0]) - batch[1]).square().mean(), sync_dist=True)

    def predict_step(self, batch: Any, batch_idx: int) -> Any:
        return self.net(batch[0])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def trainer(folder: Path, **flags: Any) -> Any:
    flags = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False, "max_epochs": 2, **flags}
    return pl.Trainer(accelerator="cpu", default_root_dir=folder, **flags)


def test_two_ranks(tmp_path: Path) -> None:
    x = torch.randn(32, 4)
    dataset = TensorDataset(x, x.sum(1, keepdim=True))
    module = Line()
    alone = copy.deepcopy(module)
    saving = pl.callbacks.ModelCheckpoint(dirpath=tmp_path, monitor="val_loss")
    held = trainer(tmp_path, devices=2, callbacks=[saving], accumulate_grad_batches=2)
    held.fit(module, DataLoader(dataset, batch_size=4), DataLoader(dataset, batch_size=4))
    both = [[8 * i + r for r in (*range(0, 8, 2), *range(1, 8, 2))] for i in range(4)]
    one = trainer(tmp_path, devices=1, accumulate_grad_batches=2)
    one.fit(alone, DataLoader(dataset, batch_sampler=both), DataLoader(dataset, batch_size=4))
    assert torch.allclose(module.net.weight, alone.net.weight, atol=1e-6)
    assert (held.global_step, held.current_epoch) == (one.global_step, one.current_epoch) == (4, 2)
    for name in ("loss", "val_loss"):
        assert abs(float(held.callback_metrics[name]) - float(one.callback_metrics[name])) < 1e-6
    assert held.callback_metrics["most"] > held.callback_metrics["loss"]
    assert Path(saving.best_model_path).is_file()
    again = Line.load_from_checkpoint(saving.best_model_path)
    assert torch.equal(again.net.weight, module.net.weight)


def test_what_is_given_back_is_taken_back(tmp_path: Path) -> None:
    loader = DataLoader(TensorDataset(torch.ones(8, 4), torch.ones(8, 1)), batch_size=4)
    there, here = trainer(tmp_path), trainer(tmp_path)
    found = ranks.run(there, "fit", Line(), {"train_dataloaders": loader, "val_dataloaders": loader})
    here.plan.strategy.launch = lambda *given: found
    module = Line()
    here.fit(module, loader)
    assert (here.global_step, here.current_epoch) == (4, 2) and here.num_val_batches == []
    assert torch.equal(module.net.weight, found["module"]["net.weight"])
    assert here.checkpoint_callback.best_model_path == there.checkpoint_callback.best_model_path != ""
    assert "hooks" not in ranks.sendable(there)
