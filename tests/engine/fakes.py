"""The smallest program, data and observer that the engine can run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.data.batch import Batch
from kerastorch.data.source import DataSource
from kerastorch.engine.objective import LossTerm, Objective
from kerastorch.runtime.plan import Plan


class ListSource(DataSource):
    """The given batches, every epoch; their number is told only if asked for."""

    def __init__(self, batches: Sequence[Batch], known: bool = True) -> None:
        self.list = list(batches)
        self.num_batches = len(self.list) if known else None
        self.given = 0

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        for batch in self.list[start:]:
            self.given += 1
            yield batch

    def peek(self, epoch: int = 0) -> Batch:
        return self.list[0]

    def close(self) -> None: ...


def batches(sizes: Sequence[int], seed: int = 0) -> list[Batch]:
    """Batches of a regression task in float64, of these numbers of rows."""
    random = torch.Generator().manual_seed(seed)
    made = []
    for size in sizes:
        x, y = (torch.randn(size, columns, dtype=torch.float64, generator=random) for columns in (3, 2))
        made.append(Batch(x, y, None, size))
    return made


class LinearProgram:
    """A linear module in float64, squared error, plain SGD, all by torch."""

    manual = False

    def __init__(self, learning_rate: float = 0.1) -> None:
        torch.manual_seed(1)
        self.module: nn.Module = nn.Linear(3, 2, dtype=torch.float64)
        self.optimizer: torch.optim.Optimizer | None = torch.optim.SGD(self.module.parameters(), lr=learning_rate)
        self.objective = Objective([LossTerm(lambda y, p, w: nn.functional.mse_loss(p, y))])
        self.modes: list[tuple[bool, bool]] = []

    def training_step(self, batch: Batch) -> Tensor:
        self.modes.append((self.module.training, torch.is_grad_enabled()))
        loss = self.objective.loss(batch.y, self.module(batch.x), None)
        assert loss is not None
        self.objective.tracker.add(loss, batch.size)
        return loss

    def synchronize(self) -> None: ...

    def counted(self) -> Mapping[str, Any]:
        return self.objective.results()

    def manual_step(self, batch: Batch) -> Mapping[str, Any]:
        return {"seen": batch.size}

    def validation_step(self, batch: Batch) -> Mapping[str, Any] | None:
        self.training_step(batch)
        return None

    def predict_step(self, batch: Batch) -> Any:
        return self.module(batch.x)

    def trainable_parameters(self) -> Sequence[Tensor]:
        return list(self.module.parameters())

    def reset(self) -> None:
        self.objective.reset()

    def results(self) -> Mapping[str, Any]:
        return self.objective.results()


class Recorder:
    """An observer that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []
        for kind in ("train", "test", "predict"):
            setattr(self, f"{kind}_batch_begin", [self._batch(f"{kind}_begin")])
            setattr(self, f"{kind}_batch_end", [self._batch(f"{kind}_end")])

    def _batch(self, name: str) -> Any:
        return lambda index, logs: self.heard.append((name, index))

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda *args: self.heard.append((name, *(a for a in args if isinstance(a, int))))


def plan(**options: Any) -> Plan:
    """A plan on the CPU."""
    return Plan.make(device="cpu", **options)
