"""Two ranks train as one process does on their batches together."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
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
        loss = ((self(batch[0]) + self.net(batch[0])) / 2 - batch[1]).square().mean()
        self.log("loss", loss, on_epoch=True, on_step=False, sync_dist=True)
        self.log("most", loss, on_epoch=True, on_step=False, sync_dist=True, reduce_fx="max")
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val_loss", (self.net(batch[0]) - batch[1]).square().mean(), sync_dist=True)

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self.log("test_loss", (self(batch[0]) - batch[1]).square().mean(), sync_dist=True)

    def forward(self, x: Any) -> Any:
        return self.net(x)

    def predict_step(self, batch: Any, batch_idx: int) -> Any:
        return self.net(batch[0])

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters(), lr=0.1)


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
    assert ranks.sendable(here)["fitting"].state.step == 4  # the next run goes on counting
    assert torch.equal(module.net.weight, found["module"]["net.weight"])
    assert here.checkpoint_callback.best_model_path == there.checkpoint_callback.best_model_path != ""
    assert "hooks" not in ranks.sendable(there)


SCRIPT = """
import copy, sys
import torch
import kerastorch.lightning as pl
from torch.utils.data import DataLoader
from tests.lightning.test_ranks import Line, data, trainer

folder, strategy = sys.argv[1:]
torch.manual_seed(0)
dataset, module = data(), Line()
flags = {"devices": 2, "strategy": strategy, "gradient_clip_val": 0.5, "enable_checkpointing": False}
loaders = DataLoader(dataset, batch_size=4), DataLoader(dataset, batch_size=4)
alone = copy.deepcopy(module)
held = trainer(folder, **flags)
held.fit(module, *loaders)
held.save_checkpoint(folder + "/two.ckpt")
resumed = trainer(folder, **{**flags, "max_epochs": 3})
resumed.fit(alone, *loaders, ckpt_path=folder + "/two.ckpt")
resumed.save_checkpoint(folder + "/three.ckpt")
(figures,) = resumed.test(alone, DataLoader(dataset, batch_size=4), ckpt_path=folder + "/two.ckpt", verbose=False)
if resumed.is_global_zero:
    torch.save({"test_loss": figures["test_loss"], "steps": resumed.global_step}, folder + "/told.pt")
"""


def data() -> Any:
    x = torch.randn(32, 4, generator=torch.Generator().manual_seed(1))
    return TensorDataset(x, x.sum(1, keepdim=True))


def torchrun(script: Path, *arguments: str) -> None:
    """Run a script on two ranks."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    found = subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 0, found.stderr[-3000:]


@pytest.mark.slow
def test_two_ranks_are_those_of_lightning(tmp_path: Path) -> None:
    """Losses, figures of one rank and of all, metrics, weights, tests and predictions."""
    script = Path(__file__).with_name("rank_script.py")
    for name in ("ours", "real"):
        torchrun(script, name, str(tmp_path))
    own, real = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("ours", "real"))
    assert own.keys() == real.keys()
    for kind in own:
        for part in own[kind]:
            assert_close(own[kind][part], real[kind][part], (kind, part))


def assert_close(own: Any, real: Any, where: Any) -> None:
    """Whether figures are those of real Lightning, in whatever holds them."""
    if isinstance(own, dict):
        assert own.keys() == real.keys(), where
        own, real = own.values(), [real[name] for name in own]
    if isinstance(own, float):
        assert own == pytest.approx(real, rel=5e-6, abs=5e-6, nan_ok=True), where
        return
    for one, other in zip(own, real, strict=True):
        assert_close(one, other, where)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_a_script_under_torchrun(strategy: str, tmp_path: Path) -> None:
    """Two epochs, a third one resumed, and a test of the first two, as one process does them."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    torchrun(script, str(tmp_path), strategy)
    torch.manual_seed(0)
    module, dataset = Line(), data()
    both = [[8 * i + r for r in (*range(0, 8, 2), *range(1, 8, 2))] for i in range(4)]
    one = trainer(tmp_path / "one", devices=1, gradient_clip_val=0.5, max_epochs=2)
    one.fit(module, DataLoader(dataset, batch_sampler=both))
    (figures,) = one.test(module, DataLoader(dataset, batch_size=4), verbose=False)
    told = torch.load(tmp_path / "told.pt")
    assert told["steps"] == 12 and abs(told["test_loss"] - figures["test_loss"]) < 1e-6
    for epochs, name in ((2, "two"), (3, "three")):
        kept = torch.load(tmp_path / f"{name}.ckpt")
        if epochs == 3:
            more = trainer(tmp_path / "one", devices=1, gradient_clip_val=0.5, max_epochs=3)
            more.fit(module, DataLoader(dataset, batch_sampler=both), ckpt_path=tmp_path / "two.ckpt")
        for key, value in module.state_dict().items():
            assert torch.allclose(kept["state_dict"][key], value, atol=1e-6), (name, key)
