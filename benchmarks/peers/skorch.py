"""skorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import EpochScoring

from benchmarks.task import BATCH, Task, torch_net


class Peer:
    """`NeuralNetClassifier` with the training accuracy scored on the predictions of the epoch."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.build()

    def build(self) -> None:
        """A new classifier."""
        scoring = EpochScoring("accuracy", on_train=True, name="train_accuracy", lower_is_better=False)
        self.model = NeuralNetClassifier(
            torch_net(self.task.model), criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam, lr=1e-3,
            optimizer__eps=1e-7, batch_size=BATCH, train_split=None, iterator_train__shuffle=True, verbose=0,
            callbacks=[("train_accuracy", scoring)], max_epochs=1,
        ).initialize()  # fmt: skip

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
        """Train."""
        self.model.partial_fit(self.task.channels_first(x), y, epochs=epochs)

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The accuracy (skorch's `score` computes no loss)."""
        return float(self.model.score(self.task.channels_first(x), y))

    def predict(self, x: np.ndarray) -> Any:
        """Logits as one NumPy array."""
        return self.model.forward(self.task.channels_first(x)).numpy()
