"""Gathers the outputs of `predict` batch by batch, without holding them twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import nested
from kerastorch.data.share import Share


class Collector:
    """Takes outputs of batches and gives NumPy arrays of all.

    Args:
        samples: The number of rows to come, when it is known: their memory is then taken once.

    Example:
        >>> collect = Collector(3)
        >>> collect(torch.ones(2, 4), 2)
        >>> collect(torch.ones(1, 4), 1)
        >>> collect.result().shape
        (3, 4)
    """

    def __init__(self, samples: int | None) -> None:
        self.samples = samples
        self.structure: Any = None
        self.columns: list[_Column] = []
        self.totals: list[int] = []

    def __call__(self, outputs: Any, size: int, total: int | None = None) -> None:
        """Take the outputs of a batch of `size` rows (`total` on all ranks); of size 0, they stand in for none."""
        self.totals.append(size if total is None else total)
        if not size:
            outputs = nested.map_structure(lambda leaf: leaf[:0], outputs)
        if type(outputs) is Tensor and self.columns:  # what nearly every batch is
            self.columns[0].add(outputs)
            return
        leaves = [torch.as_tensor(leaf).detach() for leaf in nested.flatten(outputs)]
        if not self.columns:
            self.structure = outputs
            self.columns = [_Column(leaf, self.samples) for leaf in leaves]
        for column, leaf in zip(self.columns, leaves, strict=True):
            column.add(leaf)

    def result(self, gather: Callable[[Tensor], list[Tensor]] = lambda own: [own]) -> Any:
        """All rows, nested as the outputs are.

        Args:
            gather: Gives what each rank holds.
        """
        arrays = [in_order(gather(torch.from_numpy(column.result())), self.totals) for column in self.columns]
        return nested.pack_sequence_as(self.structure, arrays) if arrays else np.empty((0,))


class _Column:
    """The rows of one output: in memory taken once where they are as many as announced, else in parts."""

    def __init__(self, leaf: Tensor, samples: int | None) -> None:
        self.row = leaf.shape[1:]
        self.room = samples if samples and leaf.dim() else 0
        self.whole = torch.empty((self.room, *self.row), dtype=_host(leaf.new_empty(0)).dtype)
        self.end = 0
        self.parts: list[Tensor] = []

    def add(self, leaf: Tensor) -> None:
        shape = leaf.shape
        end = self.end + (shape[0] if shape else 1)
        if end <= self.room and shape[1:] == self.row and not self.parts:
            self.whole[self.end : end] = leaf
            self.end = end
        else:
            self.parts.append(_host(leaf.detach()))

    def result(self) -> Any:
        filled = self.whole[: self.end]
        together = [p for p in (filled, *self.parts) if p.dim() == 0 or len(p)] or [filled]
        rows = [np.atleast_1d(p.numpy()) for p in together]
        return np.concatenate(rows) if len(rows) > 1 else together[0].numpy()


def in_order(parts: list[Tensor], totals: list[int]) -> np.ndarray:
    """The rows of all ranks in the order of the data.

    Args:
        parts: What each rank holds.
        totals: The rows of each batch on all ranks.

    Example:
        >>> in_order([torch.tensor([0, 1, 4]), torch.tensor([2, 3, 5])], [4, 2]).tolist()
        [0, 1, 2, 3, 4, 5]
    """
    if len(parts) == 1:
        return parts[0].numpy()
    ranks, taken, rows = len(parts), [0] * len(parts), []
    for total in totals:
        for rank, part in enumerate(parts):
            size = Share.of(total, rank, ranks).size
            rows.append(part[taken[rank] : taken[rank] + size])
            taken[rank] += size
    return torch.cat(rows).numpy()


def _host(leaf: Tensor) -> Tensor:
    """On the host, in a dtype that NumPy has."""
    return leaf.float().cpu() if leaf.dtype is torch.bfloat16 else leaf.cpu()
