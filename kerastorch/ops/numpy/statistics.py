"""Quantiles, counts, histograms and correlations."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch.base import errors
from kerastorch.ops._convert import as_float, float_dtype, to_tensor
from kerastorch.ops._symbolic import op
from kerastorch.ops.numpy.reductions import Axis, axes_of


def quantiles(function: Any, x: Tensor, q: Tensor, axis: Axis, method: str, keepdims: bool) -> Tensor:
    """`torch.quantile` or `torch.nanquantile` over several axes, with dimensions kept where Keras keeps them."""
    result = as_float(x).dtype
    values = as_float(x).to(torch.promote_types(result, torch.float32))
    axes = axes_of(x, axis)
    rest = [a for a in range(x.ndim) if a not in axes]
    flat = values.permute(*rest, *axes).reshape(*(x.shape[a] for a in rest), math.prod(x.shape[a] for a in axes))
    found = function(flat, q.to(values.dtype), dim=-1, interpolation=method)
    if keepdims:
        for a in sorted(axes):
            found = found.unsqueeze(a + (1 if q.ndim else 0))
    return found.to(result)  # type: ignore[no-any-return]


@op("numpy", "x", "q")
def quantile(x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The values below which the fractions `q` (in [0, 1]) of `x` lie, over axes.

    Args:
        x: Any tensor.
        q: A fraction, or a vector of them; a vector's axis comes first in the result.
        axis: One axis, several, or None for all.
        method: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: Whether reduced axes stay with length 1.

    Returns:
        The quantiles, as floats.

    Example:
        >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5)
        tensor(2.5000)
    """
    return quantiles(torch.quantile, x, q, axis, method, keepdims)


@op("numpy", "x", "q")
def percentile(x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`quantile` with `q` in percent."""
    return quantiles(torch.quantile, x, as_float(q) / 100.0, axis, method, keepdims)


@op("numpy", "x")
def median(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle value over axes; the mean of the two middle ones of an even count."""
    return quantiles(torch.quantile, x, to_tensor(0.5, device=x.device), axis, "linear", keepdims)


@op("numpy", "x")
def bincount(x: Tensor, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """Count how often each of 0, 1, 2, ... occurs.

    Args:
        x: Non-negative integers of shape (n,) or (batch, n).
        weights: What each occurrence counts (default 1), of the shape of `x`.
        minlength: The least length of the result.
        sparse: Only False: there are no sparse tensors here.

    Returns:
        The counts, int32 (or the dtype of the weights).

    Example:
        >>> bincount([0, 2, 2])
        tensor([1, 0, 2], dtype=torch.int32)
    """
    if sparse:
        raise errors.value_error("`sparse` of bincount", expected="False", received=sparse)
    given = None if weights is None else to_tensor(weights, device=x.device)
    dtype = torch.int32 if given is None else torch.promote_types(x.dtype, given.dtype)
    if x.ndim == 2:
        rows = [torch.bincount(row, None if given is None else given[i], minlength) for i, row in enumerate(x)]
        longest = max(len(row) for row in rows)
        return torch.stack([F.pad(row, (0, longest - len(row))) for row in rows]).to(dtype)
    return torch.bincount(x, given, minlength).to(dtype)


@op("numpy", "x", "bins")
def digitize(x: Tensor, bins: Tensor) -> Tensor:
    """The number of bin edges at or below each value, as int32; `bins` ascends."""
    x = x.to(torch.int32) if x.dtype == torch.bool else x
    return torch.bucketize(x, bins, right=True).to(torch.int32)


@op("numpy", "sorted_sequence", "values", keras="SearchSorted")
def searchsorted(sorted_sequence: Tensor, values: Tensor, side: str = "left") -> Tensor:
    """Where each value would be inserted into an ascending vector to keep it ascending, as int32.

    Args:
        sorted_sequence: A vector in ascending order.
        values: Any tensor.
        side: Whether equal values go in front of ("left") or behind ("right") those that are there.

    Returns:
        Indices of the shape of `values`.
    """
    if sorted_sequence.ndim != 1:
        raise errors.value_error("`sorted_sequence`", expected="a vector", received=sorted_sequence)
    return torch.searchsorted(sorted_sequence, values, side=side, out_int32=True)


@op("numpy", "x")
def histogram(x: Tensor, bins: int = 10, range: tuple[float, float] | None = None) -> tuple[Tensor, Tensor]:
    """Count values in bins of equal width.

    Args:
        x: Any tensor; it is flattened.
        bins: How many bins.
        range: The ends of the first and the last bin; default the smallest and the largest value.

    Returns:
        The counts and the `bins + 1` edges.

    Example:
        >>> counts, edges = histogram([0.0, 0.1, 1.0], bins=2)
        >>> counts.tolist(), edges.tolist()
        ([2.0, 1.0], [0.0, 0.5, 1.0])
    """
    if not isinstance(bins, int) or bins < 1:
        raise errors.value_error("`bins` of histogram", expected="an integer >= 1", received=bins)
    low, high = (None, None) if range is None else range
    values = as_float(x).flatten()
    first = values.min() if low is None else torch.as_tensor(float(low), dtype=values.dtype, device=x.device)
    last = values.max() if high is None else torch.as_tensor(float(high), dtype=values.dtype, device=x.device)
    same = first == last
    first, last = torch.where(same, first - 0.5, first), torch.where(same, last + 0.5, last)
    edges = first + (last - first) * torch.linspace(0, 1, bins + 1, dtype=values.dtype, device=x.device)
    place = torch.clamp(torch.searchsorted(edges, values, right=True) - 1, max=bins - 1)
    inside = ((values >= first) & (values <= last)).to(values.dtype)
    return torch.zeros(bins, dtype=values.dtype, device=x.device).index_add(0, place.clamp(min=0), inside), edges


@op("numpy", "x")
def corrcoef(x: Tensor) -> Tensor:
    """Pearson's correlation of the rows of a matrix with each other."""
    return torch.corrcoef(x.double() if x.dtype == torch.int64 else as_float(x))


@op("numpy", "x1", "x2")
def correlate(x1: Tensor, x2: Tensor, mode: str = "valid") -> Tensor:
    """The cross-correlation of two vectors.

    Args:
        x1: A vector.
        x2: A vector that slides along the first.
        mode: "valid" (full overlap only), "same" (as long as `x1`) or "full".

    Returns:
        A vector of sums of products.

    Example:
        >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5])
        tensor([3.5000])
    """
    if mode not in ("valid", "same", "full"):
        raise errors.unknown_name("mode of correlate", mode, ("valid", "same", "full"))
    dtype = torch.promote_types(x1.dtype, x2.dtype)
    dtype = torch.float64 if dtype == torch.int64 else dtype if dtype.is_floating_point else float_dtype()
    long, short = x1.to(dtype), x2.to(dtype)
    full = F.conv1d(long[None, None], short[None, None], padding=len(short) - 1)[0, 0]
    length = {"full": len(full), "same": len(long), "valid": abs(len(long) - len(short)) + 1}[mode]
    start = (len(full) - length) // 2
    return full[start : start + length]


@op("numpy", "y")
def trapezoid(y: Tensor, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The integral of samples `y` by the trapezoid rule, at points `x` or with spacing `dx`."""
    y = as_float(y) if y.dtype == torch.bool else y
    if x is not None:
        return torch.trapezoid(y, x=to_tensor(x, device=y.device), dim=axis)
    return torch.trapezoid(y, dx=dx, dim=axis)
