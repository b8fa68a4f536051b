"""Stand-ins for models, logs and terminals: the same one is given to our callbacks and to Keras's."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch


class FakeOptimizer:
    """What callbacks read of an optimizer."""

    def __init__(self, learning_rate: float = 0.1) -> None:
        self.learning_rate = learning_rate
        self.iterations = 0


class FakeModel(torch.nn.Module):
    """One weight, an optimizer, and a record of what was saved."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(3))
        self.optimizer = FakeOptimizer()
        self.stop_training = False
        self.metrics: list[Any] = []
        self.saved: list[str] = []

    def set(self, value: float) -> None:
        self.weight.data.fill_(value)

    def get_weights(self) -> list[np.ndarray]:
        return [self.weight.detach().numpy().copy()]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weight.data.copy_(torch.as_tensor(weights[0]))

    def save(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(f"model {path}")

    def save_weights(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(f"weights {path}")


class LazyLogs(Mapping[str, float]):
    """Logs that count how often somebody reads them."""

    def __init__(self, values: dict[str, float]) -> None:
        self.values_, self.reads = values, 0

    def __getitem__(self, name: str) -> float:
        self.reads += 1
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that is moved by hand, for `time.time` and `time.monotonic`."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def run(callback: Any, model: FakeModel, losses: list[dict[str, float]], params: dict[str, Any] | None = None) -> int:
    """Drive a callback through a `fit` without batches; the weight becomes epoch + 1. Returns the epochs run."""
    callback.set_model(model)
    callback.set_params(params or {"verbose": 0, "epochs": len(losses), "steps": 1})
    callback.on_train_begin({})
    done = 0
    for epoch, logs in enumerate(losses):
        callback.on_epoch_begin(epoch, {})
        model.set(epoch + 1)
        callback.on_epoch_end(epoch, dict(logs))
        done += 1
        if model.stop_training:
            break
    callback.on_train_end({})
    return done
