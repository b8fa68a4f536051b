"""What is frozen, and what is added to the optimizer, is real Lightning's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

import kerastorch.lightning as pl
from tests.lightning import parity


def net() -> Any:
    """Parts of different sizes: real Lightning takes parameters for the same when their values are."""
    torch.manual_seed(0)
    inner = nn.ModuleDict({"a": nn.Linear(10, 7), "b": nn.BatchNorm1d(7)})
    return nn.ModuleDict({"inner": inner, "list": nn.ModuleList([nn.Linear(7, 6), nn.BatchNorm1d(6), nn.ReLU()])})


def described(module: Any) -> list[Any]:
    norms = [one.track_running_stats for one in module.modules() if isinstance(one, nn.BatchNorm1d)]
    return [norms, [(name, p.requires_grad) for name, p in module.named_parameters()]]


@pytest.mark.parametrize("train_bn", [True, False])
@pytest.mark.parametrize("part", ["all", "list", "nested"])
def test_parts_of_a_module(part: str, train_bn: bool) -> None:
    found = []
    for lib in parity.both():
        module, base = net(), lib.callbacks.BaseFinetuning
        parts = {"all": module, "list": module["list"], "nested": [module["inner"], [module["list"][0]]]}[part]
        flat = [type(one).__name__ for one in base.flatten_modules(parts)]
        base.freeze(parts, train_bn)
        frozen = described(module)
        held = len(list(base.filter_params(parts, train_bn, requires_grad=False)))
        optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.5)
        base.unfreeze_and_add_param_group(parts, optimizer, None, 5.0, train_bn)
        base.unfreeze_and_add_param_group(nn.Linear(2, 9), optimizer, 0.25)
        groups = [(group["lr"], len(group["params"])) for group in optimizer.param_groups]
        found.append((flat, frozen, held, described(module), groups))
    assert found[0] == found[1]
    assert len(found[0][4]) == 3


def test_parameters_that_are_there_already() -> None:
    module, base = net(), pl.callbacks.BaseFinetuning
    optimizer = torch.optim.SGD(module["list"].parameters(), lr=0.5)
    with pytest.warns(RuntimeWarning, match="4 parameters are in the optimizer already"):
        base.unfreeze_and_add_param_group(module["list"], optimizer)
    assert len(optimizer.param_groups) == 1
    twin = [nn.Parameter(torch.zeros(6)), nn.Parameter(torch.zeros(6))]  # equal, but not the same
    assert len(base.filter_on_optimizer(torch.optim.SGD(twin[:1], lr=0.1), twin[1:])) == 1


def make(lib: Any) -> Any:
    class Two(lib.LightningModule):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(10, 8), nn.Linear(8, 3)
            self.losses: list[float] = []
            self.groups: list[Any] = []

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = functional.cross_entropy(self.b(self.a(batch[0])), batch[1])
            self.losses.append(float(loss))
            self.log("loss", loss)
            return loss

        def on_train_epoch_start(self) -> None:
            groups = self.trainer.optimizers[0].param_groups
            self.groups.append([(group["lr"], len(group["params"])) for group in groups])

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam([p for p in self.parameters() if p.requires_grad], lr=0.01)

    return Two


def tuning(lib: Any) -> Any:
    class Tuning(lib.callbacks.BaseFinetuning):  # type: ignore[misc,name-defined]
        def freeze_before_training(self, pl_module: Any) -> None:
            self.freeze(pl_module.a)

        def finetune_function(self, pl_module: Any, epoch: int, optimizer: Any) -> None:
            if epoch == 1:
                self.unfreeze_and_add_param_group(pl_module.a, optimizer)

    return Tuning()


def test_a_fit_and_its_resume(tmp_path: Path) -> None:
    paths, wholes = [], []
    for number, lib in enumerate(parity.both()):
        saving = lib.callbacks.ModelCheckpoint(tmp_path / f"kept{number}", save_top_k=-1)
        own = parity.run(
            lib, make, tmp_path / str(number), parity.data(24), max_epochs=4, enable_checkpointing=True,
            callbacks=[tuning, lambda lib, saving=saving: saving],
        )  # fmt: skip
        wholes.append(own)
        paths.append(next((tmp_path / f"kept{number}").glob("epoch=2-*.ckpt")))
    parity.check_equal(*wholes)
    assert wholes[0][0].groups == wholes[1][0].groups
    states = [torch.load(path, weights_only=True)["callbacks"]["tuning.<locals>.Tuning"] for path in paths]
    assert states[0].pop("moving") == ["a.weight", "a.bias", "b.weight", "b.bias"]
    assert states[0] == states[1]
    for path in paths:
        module = make(pl)()
        trainer = pl.Trainer(
            max_epochs=4, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, callbacks=tuning(pl),
        )  # fmt: skip
        trainer.fit(module, parity.data(24), ckpt_path=path)
        assert module.losses == wholes[0][0].losses[9:]
