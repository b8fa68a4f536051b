"""Reductions over segments: rows that share an id."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.ops._symbolic import op


def _reduce(how: str, empty: Any, data: Tensor, segment_ids: Tensor, num_segments: int | None) -> Tensor:
    ids = segment_ids.long()
    count = int(ids.max()) + 1 if num_segments is None else num_segments
    ids = torch.where((ids < 0) | (ids >= count), count, ids)  # rows of no segment go to one that is cut off
    start = torch.full((count + 1, *data.shape[1:]), empty, dtype=data.dtype, device=data.device)
    spread = ids.reshape(-1, *(1,) * (data.ndim - 1)).expand_as(data)
    return start.scatter_reduce(0, spread, data, how)[:-1]


def _least(dtype: torch.dtype) -> float:
    return float("-inf") if dtype.is_floating_point else torch.iinfo(dtype).min


def _most(dtype: torch.dtype) -> float:
    return float("inf") if dtype.is_floating_point else torch.iinfo(dtype).max


@op("math", "data", "segment_ids")
def segment_sum(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Sum the rows of each segment.

    Args:
        data: Shape (rows, ...).
        segment_ids: The segment of each row, integers of shape (rows,); rows with an id out of range are left out.
        num_segments: How many segments; default the largest id plus one (which waits for the device).
        sorted: Whether the ids ascend (of no consequence here).

    Returns:
        Shape (num_segments, ...).

    Example:
        >>> segment_sum([1.0, 2.0, 4.0], [0, 1, 1], num_segments=3)
        tensor([1., 6., 0.])
    """
    return _reduce("sum", 0, data, segment_ids, num_segments)


@op("math", "data", "segment_ids")
def segment_prod(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """Multiply the rows of each segment (1 where there is none); arguments as in `segment_sum`."""
    return _reduce("prod", 1, data, segment_ids, num_segments)


@op("math", "data", "segment_ids")
def segment_max(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The largest value of each segment (-inf, or the least integer, where there is none)."""
    return _reduce("amax", _least(data.dtype), data, segment_ids, num_segments)


@op("math", "data", "segment_ids")
def segment_min(data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The smallest value of each segment (inf, or the greatest integer, where there is none)."""
    return _reduce("amin", _most(data.dtype), data, segment_ids, num_segments)
