"""Picking values out: by index, by condition, by diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch.base import errors
from kerastorch.ops._convert import widen
from kerastorch.ops._symbolic import op


@op("numpy", "x", call=("x", "key"))
def get_item(x: Tensor, key: Any) -> Tensor:
    """`x[key]`: integers, slices, ellipsis, None, tensors of indices or truth values.

    Example:
        >>> get_item([1, 2, 3], slice(1, None))
        tensor([2, 3], dtype=torch.int32)
    """
    if isinstance(key, list) and any(part is None or part is Ellipsis or isinstance(part, slice) for part in key):
        key = tuple(key)  # a config has lists for tuples
    return x[key]


@op("numpy", "x", "indices")
def take(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """Pick slices along an axis by index.

    Args:
        x: Any tensor.
        indices: Integers of any shape; negative ones count from the end.
        axis: The axis; None picks from the flattened tensor.

    Returns:
        A tensor whose axis is replaced by the shape of `indices`.

    Example:
        >>> take([[1, 2], [3, 4]], [1, 1, 0], axis=1)
        tensor([[2, 2, 1],
                [4, 4, 3]], dtype=torch.int32)
    """
    if axis is None:
        x, axis = x.reshape(-1), 0
    axis = _checked(axis, x.ndim)
    index = _from_start(indices, x.shape[axis])
    if axis == 0 and x.ndim == 2:
        return F.embedding(index, x)
    picked = torch.index_select(x, axis, index.reshape(-1))
    return picked.reshape(*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])


@op("numpy", "x", "indices")
def take_along_axis(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """Pick one value for each index along an axis, the other dimensions matched (as `argsort` gives them)."""
    if axis is None:
        x, indices, axis = x.reshape(-1), indices.reshape(-1), 0
    return torch.take_along_dim(x, _from_start(indices, x.shape[axis]), dim=axis)


def _checked(axis: int, dimensions: int) -> int:
    if not -dimensions <= axis < dimensions:
        raise errors.value_error("`axis`", expected=f"an axis of {dimensions} dimensions", received=axis)
    return axis % dimensions


def _from_start(indices: Tensor, length: int) -> Tensor:
    """Indices as int64, negative ones counted from the end."""
    index = indices.long()
    return torch.where(index < 0, index + length, index)


@op("numpy", "x")
def nonzero(x: Tensor) -> Tensor:
    """Where values are not zero: int32 indices of shape (dimensions, count)."""
    return torch.nonzero(x).T.to(torch.int32)


@op("numpy", "indices")
def unravel_index(indices: Tensor, shape: Sequence[int]) -> tuple[Tensor, ...]:
    """Indices into a flattened tensor as one index for each dimension of `shape`."""
    return tuple(index.to(indices.dtype) for index in torch.unravel_index(indices, tuple(shape)))


@op("numpy", "*condlist", "*choicelist", "default")
def select(condlist: Sequence[Tensor], choicelist: Sequence[Tensor], default: Any = 0) -> Tensor:
    """Take each value from the choice whose condition is the first to hold, else `default`."""
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = torch.where(condition, choice, result)
    return result  # type: ignore[no-any-return]


@op("numpy", "x")
def diag(x: Tensor, k: int = 0) -> Tensor:
    """A matrix with a vector on its diagonal, or the diagonal of a matrix."""
    return torch.diag(x, k)


@op("numpy", "x")
def diagflat(x: Tensor, k: int = 0) -> Tensor:
    """A matrix with all values on a diagonal."""
    return torch.diagflat(x, k)


@op("numpy", "x")
def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonals of the planes that two axes span; they are the last dimension of the result."""
    return torch.diagonal(x, offset, axis1, axis2)


@op("numpy", "x")
def trace(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal."""
    wide = widen(x)
    return torch.sum(torch.diagonal(wide, offset, axis1, axis2), dim=-1, dtype=wide.dtype)


@op("numpy", "x")
def tril(x: Tensor, k: int = 0) -> Tensor:
    """The values at and below a diagonal, zeros elsewhere."""
    return torch.tril(x, k)


@op("numpy", "x")
def triu(x: Tensor, k: int = 0) -> Tensor:
    """The values at and above a diagonal, zeros elsewhere."""
    return torch.triu(x, k)


@op("numpy", "a", keras="Diff")
def diff(a: Tensor, n: int = 1, axis: int = -1) -> Tensor:
    """The differences of neighbours along an axis, taken `n` times."""
    return torch.diff(a, n=n, dim=axis)
