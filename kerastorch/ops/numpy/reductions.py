"""Sums, means, extrema and running sums over axes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import dtypes, errors
from kerastorch.ops._convert import as_float, no_bool, widen
from kerastorch.ops._symbolic import op

Axis = int | list[int] | tuple[int, ...] | None


def axes_of(x: Tensor, axis: Axis) -> tuple[int, ...]:
    """The axes as non-negative numbers; None means all of them.

    Raises:
        ValueError: There is no such axis.
    """
    if axis is None:
        return tuple(range(x.ndim))
    found = []
    for a in (axis,) if isinstance(axis, int) else axis:
        if not -x.ndim <= a < x.ndim:
            raise errors.value_error("`axis`", expected=f"an axis of {x.ndim} dimensions", received=a)
        found.append(a % x.ndim)
    return tuple(found)


@op("numpy", "x")
def sum(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Add up values over axes.

    Args:
        x: Any tensor; bools and small integers are summed as int32.
        axis: One axis, several, or None for all.
        keepdims: Whether reduced axes stay with length 1.

    Returns:
        The sums.

    Example:
        >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
        tensor([4., 6.])
    """
    if axis == () or axis == []:
        return x
    if axis is None and not keepdims:
        axis = tuple(range(x.ndim))
    wide = widen(x)
    return torch.sum(wide, dim=axis, keepdim=keepdims, dtype=wide.dtype)


@op("numpy", "x")
def mean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Average values over axes; integers give floats.

    Args:
        x: Any tensor.
        axis: One axis, several, or None for all.
        keepdims: Whether reduced axes stay with length 1.

    Returns:
        The means.

    Example:
        >>> mean([[1, 2], [3, 4]], axis=1)
        tensor([1.5000, 3.5000])
    """
    return x if axis == () or axis == [] else torch.mean(as_float(x), dim=axis, keepdim=keepdims)


@op("numpy", "x", "weights")
def average(x: Tensor, axis: Axis = None, weights: Tensor | None = None) -> Tensor:
    """The mean over axes, weighted by `weights` (of the shape of `x`, or one weight along the last axis)."""
    x = as_float(x)
    if axis == () or axis == []:
        return x
    if weights is None:
        return torch.mean(x, dim=axis)
    weights = weights.to(torch.promote_types(x.dtype, weights.dtype))
    return torch.sum(x * weights, dim=axis) / torch.sum(weights, dim=-1)


@op("numpy", "x")
def prod(x: Tensor, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """Multiply values over axes; bools and small integers as int32 unless `dtype` says otherwise."""
    wanted = widen(x).dtype if dtype is None else dtypes.torch_dtype(dtype)
    if axis is None and not keepdims:
        return torch.prod(x, dtype=wanted)
    for a in sorted(axes_of(x, axis), reverse=True):
        x = torch.prod(x, dim=a, keepdim=keepdims, dtype=wanted)
    return x


@op("numpy", "x")
def var(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean squared distance from the mean (divided by the count, as NumPy does)."""
    x = as_float(x)
    return torch.zeros_like(x) if axis == () or axis == [] else torch.var(x, dim=axis, keepdim=keepdims, correction=0)


@op("numpy", "x")
def std(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The square root of the variance (divided by the count, as NumPy does).

    Args:
        x: Any tensor; integers are computed as floats.
        axis: One axis, several, or None for all.
        keepdims: Whether reduced axes stay with length 1.

    Returns:
        The standard deviations.

    Example:
        >>> std([1.0, 3.0])
        tensor(1.)
    """
    return torch.std(as_float(x), dim=axis, keepdim=keepdims, correction=0)


@op("numpy", "x")
def max(x: Tensor, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The largest value over axes.

    Args:
        x: Any tensor.
        axis: One axis, several, or None for all.
        keepdims: Whether reduced axes stay with length 1.
        initial: A value that is counted as well; needed for empty tensors.

    Returns:
        The maxima.

    Raises:
        ValueError: `x` is empty and there is no `initial`.

    Example:
        >>> max([[1, 5], [3, 2]], axis=0)
        tensor([3, 5], dtype=torch.int32)
    """
    return _extremum(torch.amax, torch.maximum, x, axis, keepdims, initial)


@op("numpy", "x")
def min(x: Tensor, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The smallest value over axes; arguments as in `max`."""
    return _extremum(torch.amin, torch.minimum, x, axis, keepdims, initial)


def _extremum(reduce: Any, combine: Any, x: Tensor, axis: Axis, keepdims: bool, initial: Any) -> Tensor:
    if axis == () or axis == []:
        return x
    if initial is None:
        if x.numel() == 0 and not x.is_meta:
            raise errors.value_error(
                "`x` of max or min", expected="at least one value", received=x, remedy="Give a value for `initial`."
            )
        return reduce(x, dim=axes_of(x, axis), keepdim=keepdims)  # type: ignore[no-any-return]
    start = torch.as_tensor(initial, dtype=x.dtype, device=x.device)
    if x.numel() == 0:
        shape = torch.sum(x, dim=axes_of(x, axis), keepdim=keepdims).shape
        return start.expand(shape).clone()
    return combine(reduce(x, dim=axes_of(x, axis), keepdim=keepdims), start)  # type: ignore[no-any-return]


@op("numpy", "x")
def amax(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest value over axes."""
    return _extremum(torch.amax, torch.maximum, x, axis, keepdims if axis is not None else False, None)


@op("numpy", "x")
def amin(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest value over axes."""
    return _extremum(torch.amin, torch.minimum, x, axis, keepdims if axis is not None else False, None)


@op("numpy", "x")
def ptp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest value less the smallest, over axes."""
    if axis == ():
        return torch.zeros_like(x)
    axes = axes_of(x, axis)
    return torch.amax(x, dim=axes, keepdim=keepdims) - torch.amin(x, dim=axes, keepdim=keepdims)


@op("numpy", "x")
def all(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether every value over axes is true (not zero)."""
    if axis == () or axis == []:
        return x.to(torch.bool)
    return torch.all(x, dim=axes_of(x, axis), keepdim=keepdims).to(torch.bool)


@op("numpy", "x")
def any(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether some value over axes is true (not zero)."""
    if axis == () or axis == []:
        return x.to(torch.bool)
    return torch.any(x, dim=axes_of(x, axis), keepdim=keepdims).to(torch.bool)


@op("numpy", "x")
def count_nonzero(x: Tensor, axis: Axis = None) -> Tensor:
    """How many values over axes are not zero, as int32."""
    counted = x != 0
    return torch.sum(counted, dim=axes_of(x, axis), dtype=torch.int32) if axis != () and axis != [] else counted.int()


@op("numpy", "x")
def argmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the largest value is, as int32: along an axis, or in the flattened tensor.

    Args:
        x: Any tensor.
        axis: The axis to search; None for the whole tensor.
        keepdims: Whether the axis stays with length 1.

    Returns:
        The indices of the (first) largest values.

    Example:
        >>> argmax([[1.0, 5.0], [3.0, 2.0]], axis=-1)
        tensor([1, 0], dtype=torch.int32)
    """
    return torch.argmax(no_bool(x), dim=axis, keepdim=keepdims).to(torch.int32)


@op("numpy", "x")
def argmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the smallest value is, as int32: along an axis, or in the flattened tensor."""
    return torch.argmin(no_bool(x), dim=axis, keepdim=keepdims).to(torch.int32)


@op("numpy", "x")
def cumsum(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running sum along an axis.

    Args:
        x: Any tensor; bools are summed as int32.
        axis: The axis; None flattens first.
        dtype: The dtype of the result.

    Returns:
        The sums of all values up to each one.

    Example:
        >>> cumsum([1.0, 2.0, 3.0])
        tensor([1., 3., 6.])
    """
    return _running(torch.cumsum, x, axis, dtype)


@op("numpy", "x")
def cumprod(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running product along an axis; None flattens first."""
    return _running(torch.cumprod, x, axis, dtype)


def _running(function: Any, x: Tensor, axis: int | None, dtype: Any) -> Tensor:
    wanted = no_bool(x).dtype if dtype is None else dtypes.torch_dtype(dtype)
    wanted = torch.int32 if wanted == torch.bool else wanted
    if axis is None:
        return function(x.flatten(), dim=0, dtype=wanted)  # type: ignore[no-any-return]
    return function(x, dim=axis, dtype=wanted)  # type: ignore[no-any-return]
