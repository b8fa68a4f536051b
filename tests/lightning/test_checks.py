"""Bad input: one clear error each, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR

import kerastorch.lightning as pl
from kerastorch.lightning.checks import ordered, place
from tests.lightning import parity


class Plain(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(10, 3)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        loss = self.layer(batch[0]).square().mean()
        self.log("loss", loss)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val_loss", self.layer(batch[0]).square().mean())

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(module: Any, folder: Path, val: Any = True, **flags: Any) -> Any:
    defaults = {"max_epochs": 1, "accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False}
    trainer = pl.Trainer(**{**defaults, "default_root_dir": folder, "logger": False, **flags})
    trainer.fit(module, parity.data(), parity.data(8) if val else None)
    return trainer


def made(**methods: Any) -> Any:
    return type("Made", (Plain,), methods)()


def sgd(module: Any) -> Any:
    return torch.optim.SGD(module.parameters(), lr=0.1)


def scheduled(**given: Any) -> Any:
    return lambda module: {"optimizer": (o := sgd(module)), "lr_scheduler": {"scheduler": StepLR(o, 1), **given}}


def plateau(**given: Any) -> Any:
    return lambda module: {
        "optimizer": (o := sgd(module)),
        "lr_scheduler": {"scheduler": ReduceLROnPlateau(o), **given},
    }


RETURNS = {
    "a name": lambda module: "adam",
    "a number": lambda module: 5,
    "nothing": lambda module: [],
    "a class": lambda module: torch.optim.SGD,
    "modules": lambda module: [module],
    "a typo": lambda module: {"optimiser": sgd(module)},
    "no optimizer": lambda module: {"optimizer": None},
    "a wrong interval": scheduled(interval="batch"),
    "a wrong frequency": scheduled(frequency=0),
    "a typo in a scheduler": scheduled(intervall="step"),
    "no monitor": plateau(),
    "an unknown monitor": plateau(monitor="val_los"),
    "two": lambda module: [sgd(module), sgd(module)],
    "another's scheduler": lambda module: ([sgd(module)], [StepLR(sgd(module), 1)]),
    "no scheduler": lambda module: ([sgd(module)], [5]),
}


@pytest.mark.parametrize("returned", RETURNS.values(), ids=RETURNS)
def test_wrong_returns_of_configure_optimizers(returned: Any, tmp_path: Path) -> None:
    module = made(configure_optimizers=returned)
    before = module.layer.weight.clone()
    with pytest.raises((TypeError, ValueError), match=r"expected .*received"):
        fit(module, tmp_path)
    assert torch.equal(before, module.layer.weight)


@pytest.mark.parametrize("returned", [None, 0.5, {"los": 1}, "loss"], ids=str)
def test_a_step_without_a_loss(returned: Any, tmp_path: Path) -> None:
    module = made(training_step=lambda self, batch, batch_idx: returned)
    before = module.layer.weight.clone()
    with pytest.raises(TypeError, match=r"training_step.*expected the loss"):
        fit(module, tmp_path)
    assert torch.equal(before, module.layer.weight)


def test_later_steps_may_leave_out_their_batch(tmp_path: Path) -> None:
    def step(self: Any, batch: Any, batch_idx: int) -> Any:
        return None if batch_idx == 1 else self.layer(batch[0]).square().mean()

    assert fit(made(training_step=step), tmp_path).global_step == 6


@pytest.mark.parametrize("missing", ["training_step", "configure_optimizers"])
def test_a_missing_method(missing: str, tmp_path: Path) -> None:
    methods = {name: getattr(Plain, name) for name in ("training_step", "configure_optimizers") if name != missing}
    module = type("Made", (pl.LightningModule,), methods)()
    with pytest.raises(TypeError, match=f"a module with `{missing}`"):
        fit(module, tmp_path)


@pytest.mark.parametrize(
    "flags",
    [
        {"max_epoch": 1},
        {"accelerator": "tpu"},
        {"tpu_cores": 8},
        {"auto_lr_find": 0.1},
        {"auto_scale_batch_size": "binary"},
        {"precision": "12"},
        {"limit_train_batches": 1.5},
        {"limit_val_batches": -1},
        {"gradient_clip_algorithm": "norm"},
        {"gradient_clip_val": -1.0},
        {"accumulate_grad_batches": 0},
        {"check_val_every_n_epoch": None},
        {"val_check_interval": 100},
        {"val_check_interval": "00:01"},
        {"val_check_interval": {"minuts": 1}},
        {"max_time": 5},
        {"min_epochs": 5, "max_epochs": 1},
        {"min_steps": 5, "max_steps": 1},
        {"callbacks": [5]},
        {"enable_checkpointing": False, "callbacks": pl.callbacks.ModelCheckpoint()},
        {"callbacks": pl.callbacks.TQDMProgressBar()},
        {"barebones": True, "fast_dev_run": True},
        {"devices": 0},
        {"devices": 2, "sync_batchnorm": True},
        {"strategy": "dpp"},
        {"callbacks": pl.callbacks.EarlyStopping("val_los")},
        {"callbacks": pl.callbacks.ModelCheckpoint(monitor="vall")},
        {"callbacks": pl.callbacks.LearningRateMonitor()},
    ],
    ids=str,
)
def test_wrong_flags(flags: dict[str, Any], tmp_path: Path) -> None:
    module = Plain()
    before = module.layer.weight.clone()
    with pytest.raises((TypeError, ValueError), match="expected"):
        fit(module, tmp_path, **flags)
    assert torch.equal(before, module.layer.weight)


def test_what_an_epoch_end_may_log_is_waited_for(tmp_path: Path) -> None:
    module = made(on_train_epoch_end=lambda self: self.log("late", 1.0))
    assert fit(module, tmp_path, callbacks=pl.callbacks.EarlyStopping("late")).global_step == 6


def test_manual_optimization_does_it_all(tmp_path: Path) -> None:
    def init(self: Any) -> None:
        Plain.__init__(self)
        self.automatic_optimization = False

    for flag in ({"gradient_clip_val": 1.0}, {"accumulate_grad_batches": 2}):
        with pytest.raises(ValueError, match="the module does it itself"):
            fit(made(__init__=init), tmp_path, **flag)


def test_data_and_modules(tmp_path: Path) -> None:
    trainer = pl.Trainer(logger=False, max_epochs=1, accelerator="cpu", enable_progress_bar=False)
    with pytest.raises(TypeError, match="a LightningModule"):
        trainer.fit(nn.Linear(1, 1))
    with pytest.raises(ValueError, match="train_dataloaders"):
        trainer.fit(Plain())
    with pytest.raises(ValueError, match="beside dataloaders"):
        trainer.fit(Plain(), parity.data(), datamodule=pl.LightningDataModule())
    with pytest.raises(TypeError, match="a LightningDataModule"):
        trainer.fit(Plain(), datamodule=parity.data())
    with pytest.raises(TypeError, match="test_step"):
        trainer.test(Plain(), parity.data())
    with pytest.raises(ValueError, match="expected data"):
        trainer.validate(Plain())


def test_a_modules_callback_replaces_the_trainers() -> None:
    own, other = pl.callbacks.EarlyStopping("a"), pl.callbacks.EarlyStopping("b")
    saving, bar = pl.callbacks.ModelCheckpoint(), pl.callbacks.TQDMProgressBar()
    assert ordered([saving, own, bar], other) == [bar, other, saving]


def test_finders_come_first_and_what_saves_comes_last_as_in_lightning() -> None:
    names = []
    for lib in parity.both():
        made = [getattr(lib.callbacks, name)() for name in ("ModelCheckpoint", "Timer", "LearningRateFinder")]
        with parity.quiet():
            trainer = lib.Trainer(
                callbacks=[*made, lib.callbacks.BatchSizeFinder()], logger=False, enable_progress_bar=False,
                enable_model_summary=False, max_epochs=1, accelerator="cpu",
            )  # fmt: skip
        names.append([type(one).__name__ for one in trainer.callbacks])
    assert names[0] == names[1] == ["LearningRateFinder", "BatchSizeFinder", "Timer", "ModelCheckpoint"]
    assert place(object()) == 0
