"""What kerastorch's Trainer and Lightning's are asked, in the same words; logging, checkpoints and progress off."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torchmetrics
from torch import Tensor
from torch.nn import functional

from benchmarks.peers.bare import loader
from benchmarks.task import Task, torch_net


def module(pl: Any, model: str) -> Any:
    """The network with its steps.

    Args:
        pl: The package.
        model: Which network.
    """

    class Module(pl.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = torch_net(model)
            self.accuracy = torchmetrics.Accuracy(task="multiclass", num_classes=10)

        def training_step(self, batch: Any, index: int) -> Tensor:
            inputs, labels = batch
            logits = self.net(inputs)
            loss = functional.cross_entropy(logits, labels)
            self.accuracy(logits, labels)
            self.log("loss", loss, on_step=False, on_epoch=True)
            self.log("accuracy", self.accuracy, on_step=False, on_epoch=True)
            return loss

        def test_step(self, batch: Any, index: int) -> None:
            self.training_step(batch, index)

        def predict_step(self, batch: Any, index: int) -> Tensor:
            return self.net(batch[0])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), eps=1e-7)

    return Module()


class LightningLike:
    """A `Trainer` for each call, as Lightning's users make it.

    Args:
        task: The task.
        pl: The package.
    """

    def __init__(self, task: Task, pl: Any) -> None:
        self.task, self.pl = task, pl
        self.build()

    def build(self) -> None:
        """A new module."""
        self.module = module(self.pl, self.task.model)

    def _trainer(self, epochs: int = 1) -> Any:
        return self.pl.Trainer(
            max_epochs=epochs, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
        """Train."""
        self._trainer(epochs).fit(self.module, loader(self.task, x, y, shuffle=True))

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The accuracy, computed beside the loss."""
        figures = self._trainer().test(self.module, loader(self.task, x, y, shuffle=False), verbose=False)
        return figures[0]["accuracy"]

    def predict(self, x: np.ndarray) -> Any:
        """Logits as one NumPy array."""
        batches = loader(self.task, x, np.zeros(len(x), "int64"), shuffle=False)
        return torch.cat(self._trainer().predict(self.module, batches)).numpy()
