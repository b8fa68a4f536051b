"""The best bare loop: arrays in memory, gathered in blocks, fused Adam, metrics on the device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.task import BATCH, Task, torch_net

BLOCK_BYTES = 1 << 20  # what is gathered at a time stays in cache


def train_epoch(net: nn.Module, optimizer: torch.optim.Optimizer, batches: Iterable[Any]) -> None:
    """Train on batches, with their mean loss and accuracy."""
    total, correct = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.int64)
    for inputs, labels in batches:
        logits = net(inputs)
        loss = functional.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total.add_(loss.detach(), alpha=len(inputs))
        correct += (logits.argmax(-1) == labels).sum()
    total.item(), correct.item()


class Peer:
    """Everything that a careful user of bare torch would do by hand."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.build()

    def build(self) -> None:
        """A new network with its optimizer."""
        self.net = torch_net(self.task.model)
        self.optimizer = torch.optim.Adam(self.net.parameters(), eps=1e-7, fused=True)

    def _batches(self, x: np.ndarray, y: np.ndarray, order: Tensor | None) -> Iterator[tuple[Tensor, Tensor]]:
        inputs, labels = torch.from_numpy(self.task.channels_first(x)), torch.from_numpy(y)
        if order is None:
            return zip(inputs.split(BATCH), labels.split(BATCH), strict=True)
        return self._shuffled(inputs, labels, order)

    def _shuffled(self, inputs: Tensor, labels: Tensor, order: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        block = BATCH * max(1, BLOCK_BYTES // (inputs[0].numel() * 4 * BATCH))
        for indices in order.split(block):
            yield from zip(
                inputs.index_select(0, indices).split(BATCH), labels.index_select(0, indices).split(BATCH), strict=True
            )

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
        """Train, with the mean loss and the accuracy of each epoch."""
        net, optimizer = self.net.train(), self.optimizer
        for _ in range(epochs):
            train_epoch(net, optimizer, self._batches(x, y, torch.randperm(len(x))))

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The accuracy, computed beside the loss."""
        net = self.net.eval()
        total, correct = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.int64)
        with torch.no_grad():
            for inputs, labels in self._batches(x, y, None):
                logits = net(inputs)
                total.add_(functional.cross_entropy(logits, labels), alpha=len(inputs))
                correct += (logits.argmax(-1) == labels).sum()
        total.item()
        return correct.item() / len(x)

    def predict(self, x: np.ndarray) -> Any:
        """Logits as one NumPy array."""
        net = self.net.eval()
        with torch.no_grad():
            inputs = torch.from_numpy(self.task.channels_first(x))
            return torch.cat([net(part) for part in inputs.split(BATCH)]).numpy()
