"""Lightning with torchmetrics, logging, checkpoints and progress off."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import lightning
import numpy as np
import torch
import torchmetrics
from torch import Tensor
from torch.nn import functional

from benchmarks.peers.bare import loader
from benchmarks.task import Task, torch_net

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Module(lightning.LightningModule):
    """The network with its steps."""

    def __init__(self, model: str) -> None:
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


class Peer:
    """A `Trainer` for each call, as Lightning's users make it."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.build()

    def build(self) -> None:
        """A new module."""
        self.module = Module(self.task.model)

    def _trainer(self, epochs: int = 1) -> lightning.Trainer:
        return lightning.Trainer(
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
