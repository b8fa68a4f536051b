"""The usual bare loop: a DataLoader, Adam as it comes, the loss asked for at each step as tutorials do."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.task import BATCH, Task, torch_net


def loader(task: Task, x: np.ndarray, y: np.ndarray, shuffle: bool) -> DataLoader[Any]:
    """The arrays behind a DataLoader."""
    arrays = torch.from_numpy(task.channels_first(x)), torch.from_numpy(y)
    return DataLoader(TensorDataset(*arrays), batch_size=BATCH, shuffle=shuffle)


class Peer:
    """What a tutorial shows."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.build()

    def build(self) -> None:
        """A new network with its optimizer."""
        self.net = torch_net(self.task.model)
        self.optimizer = torch.optim.Adam(self.net.parameters(), eps=1e-7)

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
        """Train, with the mean loss and the accuracy of each epoch."""
        net = self.net.train()
        batches = loader(self.task, x, y, shuffle=True)
        for _ in range(epochs):
            total = correct = 0.0
            for inputs, labels in batches:
                self.optimizer.zero_grad()
                logits = net(inputs)
                loss = functional.cross_entropy(logits, labels)
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(inputs)
                correct += (logits.argmax(-1) == labels).sum().item()

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The accuracy, computed beside the loss."""
        net, total, correct = self.net.eval(), 0.0, 0.0
        with torch.no_grad():
            for inputs, labels in loader(self.task, x, y, shuffle=False):
                logits = net(inputs)
                total += functional.cross_entropy(logits, labels).item() * len(inputs)
                correct += (logits.argmax(-1) == labels).sum().item()
        return correct / len(x)

    def predict(self, x: np.ndarray) -> Any:
        """Logits as one NumPy array."""
        net = self.net.eval()
        with torch.no_grad():
            batches = loader(self.task, x, np.zeros(len(x), "int64"), shuffle=False)
            return torch.cat([net(inputs) for inputs, _ in batches]).numpy()
