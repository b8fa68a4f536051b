"""Which rows of a batch are a rank's."""

from __future__ import annotations

from typing import NamedTuple


class Share(NamedTuple):
    """A rank's rows of a batch: neighbours, as many as the others have or one more.

    A rank for which there is no row takes a row of another, so that it can join in what all ranks do; its size is 0
    and nothing of it counts.

    Attributes:
        low, high: The rows to take.
        size: How many of them count.
        factor: See `Batch.share`.

    Example:
        >>> [tuple(Share.of(5, rank, 2)) for rank in (0, 1)]
        [(0, 2, 2, 0.8), (2, 5, 3, 1.2)]
        >>> Share.of(1, 0, 2)
        Share(low=0, high=1, size=0, factor=0.0)
    """

    low: int
    high: int
    size: int
    factor: float

    @classmethod
    def of(cls, total: int, rank: int, ranks: int) -> Share:
        """The share of a rank.

        Args:
            total: Rows of the batch on all ranks, >= 1.
            rank: The rank.
            ranks: How many there are.
        """
        low, high = rank * total // ranks, (rank + 1) * total // ranks
        size = high - low
        low = min(low, total - 1)
        return cls(low, max(high, low + 1), size, size * ranks / total)
