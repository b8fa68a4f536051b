"""Some rows of a batch, as a batch."""

from __future__ import annotations

from typing import Any

from kerastorch.base import nested
from kerastorch.data.batch import Batch


def rows(batch: Batch, start: int, stop: int) -> Batch:
    """The rows `start` to `stop` of a batch.

    Args:
        batch: A batch on the device.
        start: The first row.
        stop: The row after the last; may lie beyond the end.

    Returns:
        A batch of views; the batch itself when it has no other rows.

    Example:
        >>> import torch
        >>> piece = rows(Batch(torch.arange(5), torch.arange(5), None, 5), 2, 4)
        >>> piece.x.tolist(), piece.size
        ([2, 3], 2)
    """
    stop = min(stop, batch.size)
    if start == 0 and stop == batch.size:
        return batch

    def part(leaves: Any) -> Any:
        return nested.map_structure(lambda leaf: leaf[start:stop], leaves, none_is_leaf=False)

    return Batch(part(batch.x), part(batch.y), part(batch.sample_weight), stop - start)
