"""kerastorch around a bare torch module: `Model(net)`."""

from __future__ import annotations

from typing import Any

import numpy as np

import kerastorch
from benchmarks.peers._keras_like import KerasLike
from benchmarks.task import Task, torch_net


class Peer(KerasLike):
    """The network of the bare loops, trained by `fit`."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, kerastorch)

    def network(self) -> Any:
        return kerastorch.Model(torch_net(self.task.model))

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
        super().fit(self.task.channels_first(x), y, epochs)

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        return super().evaluate(self.task.channels_first(x), y)

    def predict(self, x: np.ndarray) -> Any:
        return super().predict(self.task.channels_first(x))
