"""A module and a callback that write down every hook they are called by."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

import kerastorch.lightning as ours
from kerastorch.lightning.hooks import ModelHooks

# `optimizer_step` runs the step within itself, so it has a test of its own.
_NOT_HERE = {"optimizer_step"}
MODULE = [n for n in vars(ModelHooks) if not n.startswith("_") and n not in _NOT_HERE]
DATA = ["prepare_data", "setup", "teardown", "on_before_batch_transfer", "transfer_batch_to_device",
        "on_after_batch_transfer", "configure_optimizers", "training_step", "validation_step", "test_step",
        "predict_step"]  # fmt: skip
CALLBACK = [n for n in vars(ours.Callback) if n.startswith("on_") or n in ("setup", "teardown")]


def _telling(base: type, name: str, who: str, log: list[str]) -> Any:
    inherited = getattr(base, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        log.append(f"{who}.{name}")
        return inherited(self, *args, **kwargs)

    return method


def module(pl: Any, log: list[str], extra: tuple[str, ...] = (), manual: bool = False) -> Any:
    """A class of modules that tells of every hook."""

    class Plain(pl.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = not manual
            self.layer = nn.Linear(10, 3)
            self.losses: list[float] = []

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = functional.cross_entropy(self.layer(batch[0]), batch[1])
            self.losses.append(float(loss))
            self.log("loss", loss)
            if manual:
                optimizer = self.optimizers()
                optimizer.zero_grad()
                self.manual_backward(loss)
                optimizer.step()
            return loss

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self.log("val_loss", functional.cross_entropy(self.layer(batch[0]), batch[1]))

        test_step = validation_step

        def predict_step(self, batch: Any, batch_idx: int) -> int:
            return batch_idx

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]

    names = [*MODULE, *DATA, *extra]
    methods = {name: _telling(Plain, name, "module", log) for name in names if hasattr(Plain, name)}
    return type("Telling", (Plain,), methods)


def callback(pl: Any, log: list[str]) -> Any:
    """A callback that tells of every hook."""
    base = pl.Callback
    return type("Watching", (base,), {name: _telling(base, name, "callback", log) for name in CALLBACK})()
