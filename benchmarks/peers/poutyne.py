"""Poutyne."""

from __future__ import annotations

from typing import Any

import numpy as np
import poutyne
import torch

from benchmarks.task import BATCH, Task, torch_net


class Peer:
    """`Model`, `fit`, progress off."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.build()

    def build(self) -> None:
        """A new network with its optimizer."""
        net = torch_net(self.task.model)
        optimizer = torch.optim.Adam(net.parameters(), eps=1e-7)
        self.model = poutyne.Model(net, optimizer, "cross_entropy", batch_metrics=["accuracy"], device="cpu")

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
        """Train."""
        x = self.task.channels_first(x)
        self.model.fit(x, y, epochs=epochs, batch_size=BATCH, verbose=False, progress_options={})

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The accuracy (a share, not per cent), computed beside the loss."""
        _, accuracy = self.model.evaluate(self.task.channels_first(x), y, batch_size=BATCH, verbose=False)
        return float(accuracy) / 100.0

    def predict(self, x: np.ndarray) -> Any:
        """Logits as one NumPy array."""
        return self.model.predict(self.task.channels_first(x), batch_size=BATCH, verbose=False)
