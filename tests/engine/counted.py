"""A program in float64 whose figures can be looked at: a small network, weighted squared error, a metric, a penalty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

import kerastorch as keras
from kerastorch.data.batch import Batch
from tests.engine import fakes


class CountedProgram(fakes.LinearProgram):
    """`fakes.LinearProgram` with more to go wrong.

    Args:
        watch: Called with the place ("forward", "loss", "count", "backward") and the rows of the batch.
    """

    def __init__(self, watch: Callable[[str, int], None] = lambda place, rows: None) -> None:
        super().__init__()
        self.watch = watch
        torch.manual_seed(1)
        self.module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
        self.optimizer = torch.optim.SGD(self.module.parameters(), lr=0.1, momentum=0.9)
        self.metric = keras.metrics.MeanAbsoluteError(dtype="float64")

    def training_step(self, batch: Batch) -> Tensor:
        self.watch("forward", batch.size)
        outputs = self.module(batch.x)
        self.watch("loss", batch.size)
        losses = (outputs - batch.y).square().mean(1)
        loss = (losses if batch.sample_weight is None else losses * batch.sample_weight).mean()
        loss = loss + 0.01 * sum(p.square().sum() for p in self.module.parameters())
        self.objective.tracker.add(loss, batch.size)
        self.metric.update_state(batch.y, outputs.detach(), batch.sample_weight)
        self.watch("count", batch.size)
        # after the gradients of the last layer are there, before those of the first
        self.module[0].weight.register_hook(_once(lambda: self.watch("backward", batch.size)))
        return loss

    def synchronize(self) -> None: ...

    def counted(self) -> Mapping[str, Any]:
        return self.results()

    def accumulators(self) -> Any:
        return [self.objective.tracker, self.metric]

    def reset(self) -> None:
        super().reset()
        self.metric.reset_state()

    def results(self) -> Mapping[str, Any]:
        return {"loss": self.objective.tracker.result(), "mae": self.metric.result()}


def _once(call: Callable[[], None]) -> Callable[[Tensor], None]:
    calls = [call]
    return lambda gradient: calls.pop()() if calls else None
