"""Trigonometric and hyperbolic functions and angles."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.ops._convert import as_float, pair
from kerastorch.ops._symbolic import op


@op("numpy", "x")
def sin(x: Tensor) -> Tensor:
    """Sine of an angle in radians."""
    return torch.sin(x)


@op("numpy", "x")
def cos(x: Tensor) -> Tensor:
    """Cosine of an angle in radians."""
    return torch.cos(x)


@op("numpy", "x")
def tan(x: Tensor) -> Tensor:
    """Tangent of an angle in radians."""
    return torch.tan(x)


@op("numpy", "x")
def arcsin(x: Tensor) -> Tensor:
    """The angle in radians whose sine is the value; NaN outside [-1, 1]."""
    return torch.arcsin(x)


@op("numpy", "x")
def arccos(x: Tensor) -> Tensor:
    """The angle in radians whose cosine is the value; NaN outside [-1, 1]."""
    return torch.arccos(x)


@op("numpy", "x")
def arctan(x: Tensor) -> Tensor:
    """The angle in radians whose tangent is the value."""
    return torch.arctan(x)


@op("numpy", "x")
def sinh(x: Tensor) -> Tensor:
    """Hyperbolic sine."""
    return torch.sinh(x)


@op("numpy", "x")
def cosh(x: Tensor) -> Tensor:
    """Hyperbolic cosine."""
    return torch.cosh(x)


@op("numpy", "x")
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return torch.tanh(x)


@op("numpy", "x")
def arcsinh(x: Tensor) -> Tensor:
    """Inverse hyperbolic sine."""
    return torch.arcsinh(x)


@op("numpy", "x")
def arccosh(x: Tensor) -> Tensor:
    """Inverse hyperbolic cosine; NaN below 1."""
    return torch.arccosh(x)


@op("numpy", "x")
def arctanh(x: Tensor) -> Tensor:
    """Inverse hyperbolic tangent; NaN outside [-1, 1]."""
    return torch.arctanh(x)


@op("numpy", "x")
def sinc(x: Tensor) -> Tensor:
    """`sin(pi x) / (pi x)`, 1 at zero."""
    return torch.sinc(x)


@op("numpy", "x")
def deg2rad(x: Tensor) -> Tensor:
    """Degrees as radians."""
    return torch.deg2rad(x.double() if x.dtype == torch.int64 else as_float(x))


@op("numpy", "x")
def rad2deg(x: Tensor) -> Tensor:
    """Radians as degrees."""
    return torch.rad2deg(x.double() if x.dtype == torch.int64 else as_float(x))


@op("numpy", "x1", "x2", weak=True)
def arctan2(x1: Any, x2: Any) -> Tensor:
    """The angle in radians of the point with ordinate `x1` and abscissa `x2`."""
    return torch.arctan2(*pair(x1, x2, floating=True))


@op("numpy", "x1", "x2", weak=True)
def hypot(x1: Any, x2: Any) -> Tensor:
    """The length of the hypotenuse over two sides: `sqrt(x1**2 + x2**2)` without overflow."""
    return torch.hypot(*pair(x1, x2, floating=True))
