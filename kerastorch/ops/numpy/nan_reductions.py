"""Reductions that pass over NaN values."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.ops._convert import as_float, to_tensor, widen
from kerastorch.ops._symbolic import op
from kerastorch.ops.numpy import reductions, statistics
from kerastorch.ops.numpy.reductions import Axis, axes_of


@op("numpy", "x")
def nansum(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`sum` with NaN counted as 0."""
    wide = widen(x)
    if axis == () or axis == []:
        return torch.nan_to_num(wide, nan=0)
    return torch.nansum(wide, dim=axes_of(x, axis), keepdim=keepdims).to(wide.dtype)


@op("numpy", "x")
def nanmean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`mean` of the values that are not NaN."""
    return x if axis == () or axis == [] else torch.nanmean(as_float(x), dim=axis, keepdim=keepdims)


@op("numpy", "x")
def nanprod(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`prod` with NaN counted as 1."""
    ones = torch.where(torch.isnan(x), 1, x) if x.is_floating_point() else x
    return ones if axis == () or axis == [] else reductions.prod.raw(ones, axis, keepdims)


@op("numpy", "x")
def nanvar(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`var` of the values that are not NaN."""
    x = as_float(x)
    valid = ~torch.isnan(x)
    if axis == () or axis == []:
        return torch.where(valid, 0, x)
    axes = axes_of(x, axis)
    centred = torch.where(valid, x - torch.nanmean(x, dim=axes, keepdim=True), 0)
    return torch.sum(torch.square(centred), dim=axes, keepdim=keepdims) / torch.sum(valid, dim=axes, keepdim=keepdims)


@op("numpy", "x")
def nanstd(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`std` of the values that are not NaN."""
    return torch.sqrt(nanvar.raw(x, axis, keepdims))


@op("numpy", "x")
def nanmax(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`max` of the values that are not NaN; NaN where there is none."""
    return _nan_extremum(torch.amax, float("-inf"), x, axis, keepdims)


@op("numpy", "x")
def nanmin(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`min` of the values that are not NaN; NaN where there is none."""
    return _nan_extremum(torch.amin, float("inf"), x, axis, keepdims)


def _nan_extremum(reduce: Any, worst: float, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    if axis == () or axis == []:
        return x
    axes = axes_of(x, axis)
    if not x.is_floating_point():
        return reduce(x, dim=axes, keepdim=keepdims)  # type: ignore[no-any-return]
    missing = torch.isnan(x)
    best = reduce(torch.where(missing, worst, x), dim=axes, keepdim=keepdims)
    return torch.where(torch.all(missing, dim=axes, keepdim=keepdims), float("nan"), best)


@op("numpy", "x")
def nanargmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """`argmax` of the values that are not NaN; -1 where there is none."""
    return _nan_position(torch.argmax, float("-inf"), x, axis, keepdims)


@op("numpy", "x")
def nanargmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """`argmin` of the values that are not NaN; -1 where there is none."""
    return _nan_position(torch.argmin, float("inf"), x, axis, keepdims)


def _nan_position(search: Any, worst: float, x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    x = x.to(torch.int32) if x.dtype == torch.bool else x
    if not x.is_floating_point():
        return search(x, dim=axis, keepdim=keepdims).to(torch.int32)  # type: ignore[no-any-return]
    missing = torch.isnan(x)
    found = search(torch.where(missing, worst, x), dim=axis, keepdim=keepdims).to(torch.int32)
    return torch.where(torch.all(missing, dim=axes_of(x, axis), keepdim=keepdims), -1, found)


@op("numpy", "x")
def nancumsum(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """`cumsum` with NaN counted as 0."""
    return reductions.cumsum.raw(torch.nan_to_num(x), axis, dtype)


@op("numpy", "x")
def nancumprod(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """`cumprod` with NaN counted as 1."""
    return reductions.cumprod.raw(torch.nan_to_num(x, nan=1.0), axis, dtype)


@op("numpy", "x", "q")
def nanquantile(x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`quantile` of the values that are not NaN."""
    return statistics.quantiles(torch.nanquantile, x, q, axis, method, keepdims)


@op("numpy", "x", "q")
def nanpercentile(x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`percentile` of the values that are not NaN."""
    return statistics.quantiles(torch.nanquantile, x, as_float(q) / 100.0, axis, method, keepdims)


@op("numpy", "x")
def nanmedian(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`median` of the values that are not NaN."""
    if axis == () or axis == []:
        return x
    return statistics.quantiles(torch.nanquantile, x, to_tensor(0.5, device=x.device), axis, "linear", keepdims)
