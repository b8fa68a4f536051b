"""Gathers the outputs of `predict` batch by batch, without holding them twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import nested


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
        self.rows = 0
        self.structure: Any = None
        self.parts: list[list[Tensor]] = []
        self.whole: list[Tensor] = []

    def __call__(self, outputs: Any, size: int) -> None:
        """Take the outputs of a batch of `size` rows."""
        leaves = [torch.as_tensor(leaf).detach() for leaf in nested.flatten(outputs)]
        if self.rows == 0:
            self.structure = outputs
            self.parts = [[] for _ in leaves]
            self.whole = [self._room(leaf) for leaf in leaves] if self.samples else []
        for index, leaf in enumerate(leaves):
            fits = self.whole and leaf.dim() and self.rows + len(leaf) <= len(self.whole[index])
            if fits and not self.parts[index] and leaf.shape[1:] == self.whole[index].shape[1:]:
                self.whole[index][self.rows : self.rows + len(leaf)].copy_(leaf)
            else:
                self.parts[index].append(_host(leaf))
        self.rows += size

    def _room(self, leaf: Tensor) -> Tensor:
        assert self.samples is not None
        return torch.empty((self.samples, *leaf.shape[1:]), dtype=_host(leaf[:0]).dtype)

    def result(self) -> Any:
        """All rows, nested as the outputs are."""
        arrays = []
        for index, parts in enumerate(self.parts):
            filled = [self.whole[index][: self.rows - sum(len(p) for p in parts)]] if self.whole else []
            together = [p for p in (*filled, *parts) if p.dim() == 0 or len(p)] or filled or parts
            rows = [np.atleast_1d(p.numpy()) for p in together]
            arrays.append(np.concatenate(rows) if len(rows) > 1 else together[0].numpy())
        return nested.pack_sequence_as(self.structure, arrays) if arrays else np.empty((0,))


def _host(leaf: Tensor) -> Tensor:
    """On the host, in a dtype that NumPy has."""
    return leaf.float().cpu() if leaf.dtype is torch.bfloat16 else leaf.cpu()
