"""Accumulation: how many batches make one update, and how their losses are weighed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch.data.batch import Batch


class EveryBatch:
    """Each batch is an update of its own."""

    last = True  # whether the update is due after the batch that comes

    def weigh(self, loss: Tensor, batch: Batch) -> Tensor:
        """The loss to take gradients of."""
        return loss if batch.share == 1.0 else loss * batch.share

    def closes(self, batch: Batch) -> bool:
        """Count a batch; whether the update is due after it."""
        return True

    @property
    def open(self) -> bool:
        """Whether batches wait for their update."""
        return False

    def normalize(self, parameters: Sequence[Tensor]) -> None:
        """Turn the summed gradients into those of the mean loss over the window."""

    def state_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""


class Window(EveryBatch):
    """Several batches make one update: the gradient of the mean over all their samples.

    The batches may differ in size and the last window may be short: gradients are summed in units of the first batch,
    and divided by the true total when the window closes.

    Args:
        length: Batches to a window.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.batches = 0
        self.total = 0
        self.unit = 0

    @property
    def last(self) -> bool:  # type: ignore[override]
        return self.batches == self.length - 1

    def weigh(self, loss: Tensor, batch: Batch) -> Tensor:
        self.unit = self.unit or batch.total
        factor = batch.share * batch.total / self.unit
        return loss if factor == 1.0 else loss * factor

    def closes(self, batch: Batch) -> bool:
        self.batches += 1
        self.total += batch.total
        return self.batches == self.length

    @property
    def open(self) -> bool:
        return self.batches > 0

    def normalize(self, parameters: Sequence[Tensor]) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        if gradients and self.total != self.unit:
            torch._foreach_mul_(gradients, self.unit / self.total)
        self.batches = self.total = self.unit = 0

    def state_dict(self) -> dict[str, Any]:
        return {"batches": self.batches, "total": self.total, "unit": self.unit}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.batches, self.total, self.unit = state["batches"], state["total"], state["unit"]
