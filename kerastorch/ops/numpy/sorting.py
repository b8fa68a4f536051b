"""Sorting, partitioning and unique values."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch.ops._convert import no_bool
from kerastorch.ops._symbolic import op


@op("numpy", "x")
def sort(x: Tensor, axis: int | None = -1) -> Tensor:
    """Values in ascending order along an axis (None: of the flattened tensor)."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    return torch.sort(no_bool(x), dim=axis).values.to(x.dtype)


@op("numpy", "x")
def argsort(x: Tensor, axis: int | None = -1) -> Tensor:
    """The indices that sort along an axis, int32; equal values keep their order.

    Example:
        >>> argsort([3.0, 1.0, 2.0])
        tensor([1, 2, 0], dtype=torch.int32)
    """
    if axis is None:
        x, axis = x.reshape(-1), 0
    return torch.argsort(no_bool(x), dim=axis, stable=True).to(torch.int32)


@op("numpy", "x")
def argpartition(x: Tensor, kth: int, axis: int | None = -1) -> Tensor:
    """Indices, int32, such that the value at place `kth` is where sorting puts it, smaller ones before it."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    return torch.argsort(no_bool(x), dim=axis, stable=True).to(torch.int32)


@op("numpy", "x")
def unique(
    x: Tensor,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different values (or slices along an axis).

    Args:
        x: Any tensor.
        sorted: Whether they ascend.
        return_index: Whether the place of each one's first occurrence is returned.
        return_inverse: Whether the index of each value's representative is returned.
        return_counts: Whether the number of occurrences is returned.
        axis: The axis whose slices are compared; None compares single values.
        size: Exactly how many are returned: cut off, or filled up with `fill_value`.
        fill_value: What to fill up with (default 0).

    Returns:
        The values, or a tuple (values, index, inverse, counts) of what was asked for.

    Example:
        >>> unique([3, 1, 3])
        tensor([1, 3], dtype=torch.int32)
    """
    values, inverse, counts = torch.unique(x, sorted=sorted, return_inverse=True, return_counts=True, dim=axis)
    dim = 0 if axis is None else axis % x.ndim
    results = [_sized(values, dim, size, fill_value or 0)]
    if return_index:
        place = torch.arange(inverse.numel(), device=x.device)
        first = torch.full_like(counts, inverse.numel()).scatter_reduce(0, inverse.reshape(-1), place, "amin")
        results.append(_sized(first, 0, size, 1))
    if return_inverse:
        results.append(inverse)
    if return_counts:
        results.append(_sized(counts, 0, size, 0))
    return results[0] if len(results) == 1 else tuple(results)


def _sized(x: Tensor, dim: int, size: int | None, fill: Any) -> Tensor:
    if size is None:
        return x
    missing = max(size - x.shape[dim], 0)
    return F.pad(x.narrow(dim, 0, min(size, x.shape[dim])), [0, 0] * (x.ndim - 1 - dim) + [0, missing], value=fill)
