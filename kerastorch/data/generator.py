"""Python generators and other iterables of batches as a source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from kerastorch.data.loader import length_of
from kerastorch.data.stream import StreamSource


class GeneratorSource(StreamSource):
    """Batches from a generator, an iterator, or anything that can be iterated (again and again).

    A generator or iterator is consumed over all epochs; anything else begins anew for each pass. Neither can be
    resumed exactly: `start` batches are fetched and dropped.

    Args:
        iterable: Yields x, (x,), (x, y) or (x, y, sample_weight) with whole batches of arrays or tensors.
        device: Where batches shall be.
        steps: Batches in an epoch; default until the iterable ends.

    Example:
        >>> batches = (torch.full((2, 1), float(i)) for i in range(3))
        >>> source = GeneratorSource(batches, steps=2)
        >>> source.peek().x.tolist(), [float(b.x[0]) for b in source.batches(epoch=0)]
        ([[0.0], [0.0]], [0.0, 1.0])
    """

    def __init__(self, iterable: Any, *, device: torch.device | str = "cpu", steps: int | None = None) -> None:
        self.iterable = iterable
        self.one_shot = isinstance(iterable, Iterator)
        super().__init__("generator" if self.one_shot else type(iterable).__name__, device=device, steps=steps)
        length = None if self.one_shot else length_of(iterable)
        self.num_batches = steps if length is None else min(steps or length, length)

    def _open(self, number: int, start: int) -> Iterator[Any]:
        return iter(self.iterable)
