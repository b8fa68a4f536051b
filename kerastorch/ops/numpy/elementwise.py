"""Elementwise functions of one tensor: roots, exponentials, rounding, signs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base.dtypes import torch_dtype
from kerastorch.ops._convert import as_float, no_bool, to_tensor
from kerastorch.ops._symbolic import op


@op("numpy", "x", aliases=("abs",))
def absolute(x: Tensor) -> Tensor:
    """Absolute value. `ops.abs` is the same function."""
    return x if x.dtype == torch.bool else torch.abs(x)


@op("numpy", "x")
def fabs(x: Tensor) -> Tensor:
    """Absolute value as a float."""
    return torch.abs(as_float(x))


@op("numpy", "x")
def negative(x: Tensor) -> Tensor:
    """The value with its sign turned."""
    return torch.neg(x)


@op("numpy", "x")
def sign(x: Tensor) -> Tensor:
    """-1, 0 or 1 by the sign."""
    return torch.sign(x)


@op("numpy", "x")
def signbit(x: Tensor) -> Tensor:
    """Whether the sign bit is set (True for -0.0 too)."""
    return torch.signbit(x)


@op("numpy", "x")
def square(x: Tensor) -> Tensor:
    """The value times itself."""
    return torch.square(no_bool(x))


@op("numpy", "x")
def sqrt(x: Tensor) -> Tensor:
    """Square root; NaN below zero."""
    return torch.sqrt(as_float(x))


@op("numpy", "x")
def cbrt(x: Tensor) -> Tensor:
    """Cube root; negative for negative values."""
    return _cbrt(x.double() if x.dtype == torch.int64 else no_bool(x))


@op("numpy", "x")
def reciprocal(x: Tensor) -> Tensor:
    """One over the value."""
    return torch.reciprocal(x)


@op("numpy", "x")
def exp(x: Tensor) -> Tensor:
    """e to the power of the value."""
    return torch.exp(as_float(x))


@op("numpy", "x")
def exp2(x: Tensor) -> Tensor:
    """2 to the power of the value."""
    return torch.exp2(as_float(x))


@op("numpy", "x")
def expm1(x: Tensor) -> Tensor:
    """`exp(x) - 1`, accurate near zero."""
    return torch.expm1(as_float(x))


@op("numpy", "x")
def log(x: Tensor) -> Tensor:
    """Natural logarithm; NaN below zero."""
    return torch.log(x)


@op("numpy", "x")
def log10(x: Tensor) -> Tensor:
    """Logarithm to base 10."""
    return torch.log10(x)


@op("numpy", "x")
def log1p(x: Tensor) -> Tensor:
    """`log(1 + x)`, accurate near zero."""
    return torch.log1p(x)


@op("numpy", "x")
def log2(x: Tensor) -> Tensor:
    """Logarithm to base 2."""
    return torch.log2(x)


@op("numpy", "x")
def ceil(x: Tensor) -> Tensor:
    """The smallest whole number not below the value, as a float."""
    return torch.ceil(as_float(x))


@op("numpy", "x")
def floor(x: Tensor) -> Tensor:
    """The largest whole number not above the value, as a float."""
    return torch.floor(as_float(x))


@op("numpy", "x")
def trunc(x: Tensor) -> Tensor:
    """The whole number next to the value towards zero."""
    return x if x.dtype == torch.bool else torch.trunc(x)


@op("numpy", "x")
def i0(x: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, order 0."""
    return torch.i0(x.double() if x.dtype == torch.int64 else as_float(x))


@op("numpy", "x")
def copy(x: Tensor) -> Tensor:
    """A new tensor with the same values."""
    return torch.clone(x)


@op("numpy", "x")
def real(x: Tensor) -> Tensor:
    """The real part."""
    return torch.real(x)


@op("numpy", "x")
def imag(x: Tensor) -> Tensor:
    """The imaginary part of a complex tensor."""
    return torch.imag(x)


@op("numpy", "x", aliases=("conj",))
def conjugate(x: Tensor) -> Tensor:
    """The complex conjugate. `ops.conj` is the same function."""
    return torch.conj(x).resolve_conj()


@op("numpy", "x")
def angle(x: Tensor) -> Tensor:
    """The angle of a complex number in radians (0 or pi for a real one)."""
    return torch.angle(x)


@op("numpy", "x")
def isfinite(x: Tensor) -> Tensor:
    """Whether the value is neither infinite nor NaN."""
    return torch.isfinite(x)


@op("numpy", "x")
def isinf(x: Tensor) -> Tensor:
    """Whether the value is infinite."""
    return torch.isinf(x)


@op("numpy", "x")
def isnan(x: Tensor) -> Tensor:
    """Whether the value is NaN."""
    return torch.isnan(x)


@op("numpy", "x")
def isneginf(x: Tensor) -> Tensor:
    """Whether the value is minus infinity."""
    return torch.isneginf(x)


@op("numpy", "x")
def isposinf(x: Tensor) -> Tensor:
    """Whether the value is plus infinity."""
    return torch.isposinf(x)


@op("numpy", "x")
def isreal(x: Tensor) -> Tensor:
    """Whether the imaginary part is zero."""
    return torch.isreal(x)


def _cbrt(x: Tensor) -> Tensor:
    return torch.sign(x) * torch.abs(x) ** (1.0 / 3.0)


@op("numpy", "x")
def round(x: Tensor, decimals: int = 0) -> Tensor:
    """Round to the nearest number with `decimals` decimals, halves to the even one.

    Args:
        x: Any tensor; integers stay integers.
        decimals: How many decimals to keep; negative ones round to tens, hundreds, ...

    Returns:
        A tensor of the dtype of `x`.

    Example:
        >>> round([0.5, 1.5, 2.34])
        tensor([0., 2., 2.])
    """
    if x.is_floating_point() or x.dtype == torch.bool:
        return torch.round(x, decimals=decimals)
    return torch.round(as_float(x), decimals=decimals).to(x.dtype)


@op("numpy", "x")
def clip(x: Tensor, x_min: float | Tensor | None, x_max: float | Tensor | None) -> Tensor:
    """Bring values into an interval.

    Args:
        x: Any tensor.
        x_min: The lower end, broadcast; values below become it.
        x_max: The upper end.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> clip([-1.0, 0.5, 2.0], 0.0, 1.0)
        tensor([0.0000, 0.5000, 1.0000])
    """
    x = no_bool(x)
    return torch.clip(x, to_tensor(x_min, device=x.device), to_tensor(x_max, device=x.device))


@op("numpy", "x")
def nan_to_num(x: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """Replace NaN and infinities by numbers (by default 0 and the dtype's largest and smallest)."""
    return torch.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@op("numpy", "x")
def view(x: Tensor, dtype: Any = None) -> Tensor:
    """The same bytes read as another dtype; the last dimension changes with the dtype's size."""
    return x if dtype is None else x.view(torch_dtype(dtype))


abs = absolute
conj = conjugate
