"""Hooks are found once, and called in the order of real Lightning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kerastorch.lightning as pl
from kerastorch.lightning.hooks import LEVELS, Hooks, ModelHooks
from tests.lightning import parity, recording

CASES: dict[str, dict[str, Any]] = {
    "plain": {"max_epochs": 2},
    "accumulation": {"max_epochs": 2, "accumulate_grad_batches": 2, "gradient_clip_val": 0.1},
    "validations": {"max_epochs": 2, "val_check_interval": 0.5},
    "optimizer_step": {"max_epochs": 1, "accumulate_grad_batches": 2, "extra": ("optimizer_step",)},
    "manual": {"max_epochs": 1, "manual": True},
    "max_steps": {"max_steps": 4},
    "fast": {"fast_dev_run": 2},
    "sanity": {"max_epochs": 1, "num_sanity_val_steps": 3},
    "all of them": {"max_epochs": 1, "num_sanity_val_steps": -1, "limit_val_batches": 3},
    "sparse": {"max_epochs": 2, "num_sanity_val_steps": 0, "check_val_every_n_epoch": 2, "limit_train_batches": 2},
}


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_the_order_is_that_of_lightning(options: dict[str, Any], tmp_path: Path) -> None:
    logs, losses = [], []
    flags = {name: value for name, value in options.items() if name not in ("extra", "manual")}
    kind = {name: value for name, value in options.items() if name not in flags}
    for number, lib in enumerate(parity.both()):
        log: list[str] = []
        module, trainer, _ = parity.run(
            lib, lambda lib, log=log: recording.module(lib, log, **kind),
            tmp_path / str(number), parity.data(20), parity.data(28, seed=1),
            callbacks=[lambda lib, log=log: recording.callback(lib, log)], **flags,
        )  # fmt: skip
        with parity.quiet():
            trainer.validate(module, parity.data(8), verbose=False)
            trainer.test(module, parity.data(8), verbose=False)
            trainer.predict(module, parity.data(16))
            trainer.save_checkpoint(tmp_path / f"{number}.ckpt")
        logs.append(log)
        losses.append(module.losses)
    assert logs[0] == logs[1]
    assert losses[0] == losses[1]
    assert len(set(logs[0])) > 40


def test_only_what_is_overridden_is_called() -> None:
    class Some(pl.LightningModule):
        def on_train_start(self) -> None:
            self.told = True

    class Watching(pl.Callback):
        pass

    trainer, module = pl.Trainer(logger=False, enable_progress_bar=False, max_epochs=1, accelerator="cpu"), Some()
    hooks = Hooks(trainer, module, [Watching()], pl.Callback)
    assert len(hooks["on_train_start"]) == 1 and hooks["on_train_end"] == ()
    hooks("on_train_start")
    assert module.told
    assert hooks.own("on_train_end") is None


def test_levels_name_hooks_that_there_are() -> None:
    known = {*vars(ModelHooks), *vars(pl.LightningModule)}
    assert set(LEVELS) <= known


def test_hooks_of_callbacks_are_no_hooks_of_modules(tmp_path: Path) -> None:
    class Named(parity.classifier(pl)):  # type: ignore[misc]
        def on_sanity_check_start(self) -> None:
            raise AssertionError("Lightning never calls it")

    parity.run(pl, lambda lib: Named, tmp_path, parity.data(8), parity.data(8), max_epochs=1)
