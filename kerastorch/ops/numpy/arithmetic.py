"""Elementwise functions of two tensors. Python numbers are weak: they take the tensor's dtype."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.ops._convert import as_float, as_tensors, float_dtype, is_integral, no_bool, operands, pair
from kerastorch.ops._symbolic import op


@op("numpy", "x1", "x2", weak=True)
def add(x1: Any, x2: Any) -> Tensor:
    """The sum of two tensors, broadcast.

    Example:
        >>> add([1, 2], 0.5)
        tensor([1.5000, 2.5000])
    """
    x1, x2 = operands(x1, x2)
    return x1 + x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def subtract(x1: Any, x2: Any) -> Tensor:
    """The difference of two tensors, broadcast.

    Example:
        >>> subtract([3.0, 2.0], 1)
        tensor([2., 1.])
    """
    x1, x2 = operands(x1, x2)
    if isinstance(x1, Tensor) and isinstance(x2, Tensor):  # torch has no difference with a bool tensor
        x1, x2 = (
            (x1.to(x2.dtype) if x1.dtype == torch.bool else x1),
            (x2.to(x1.dtype) if x2.dtype == torch.bool else x2),
        )
    return x1 - x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def multiply(x1: Any, x2: Any) -> Tensor:
    """The product of two tensors, element by element, broadcast.

    Example:
        >>> multiply([1, 2], [3, 4])
        tensor([3, 8], dtype=torch.int32)
    """
    x1, x2 = operands(x1, x2)
    return x1 * x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def divide(x1: Any, x2: Any) -> Tensor:
    """The quotient of two tensors as floats, broadcast.

    Example:
        >>> divide([1, 2], 2)
        tensor([0.5000, 1.0000])
    """
    x1, x2 = operands(x1, x2)
    return x1 / x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def true_divide(x1: Any, x2: Any) -> Tensor:
    """The same as `divide`."""
    x1, x2 = operands(x1, x2)
    return x1 / x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """The quotient, and 0 where the divisor is 0; gradients are 0 there too.

    Example:
        >>> divide_no_nan([1.0, 2.0], [0.0, 4.0])
        tensor([0.0000, 0.5000])
    """
    x1, x2 = pair(x1, x2, floating=True)
    zero = x2 == 0
    return torch.where(zero, 0, x1 / torch.where(zero, 1, x2))


@op("numpy", "x1", "x2", weak=True)
def floor_divide(x1: Any, x2: Any) -> Tensor:
    """The quotient rounded down."""
    x1, x2 = pair(x1, x2)
    return torch.floor_divide(x1, x2).to(x1.dtype)


@op("numpy", "x1", "x2", weak=True)
def mod(x1: Any, x2: Any) -> Tensor:
    """The remainder of a division rounded down; it has the divisor's sign."""
    x1, x2 = as_tensors(x1, x2)
    return torch.remainder(no_bool(x1), no_bool(x2))


@op("numpy", "x1", "x2", weak=True)
def fmod(x1: Any, x2: Any) -> Tensor:
    """The remainder of a division rounded towards zero; it has the dividend's sign."""
    x1, x2 = as_tensors(x1, x2)
    return torch.fmod(no_bool(x1), no_bool(x2))


@op("numpy", "x1", "x2", weak=True)
def power(x1: Any, x2: Any) -> Tensor:
    """The first to the power of the second."""
    x1, x2 = operands(x1, x2)
    return x1**x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def maximum(x1: Any, x2: Any) -> Tensor:
    """The larger of two values; NaN if one is NaN.

    Example:
        >>> maximum([1, 5], [3, 2])
        tensor([3, 5], dtype=torch.int32)
    """
    return torch.maximum(*pair(x1, x2))


@op("numpy", "x1", "x2", weak=True)
def minimum(x1: Any, x2: Any) -> Tensor:
    """The smaller of two values; NaN if one is NaN.

    Example:
        >>> minimum([1.0, 5.0], 2)
        tensor([1., 2.])
    """
    return torch.minimum(*pair(x1, x2))


@op("numpy", "x1", "x2", weak=True)
def fmax(x1: Any, x2: Any) -> Tensor:
    """The larger of two values; a NaN gives way to a number."""
    return torch.fmax(*pair(x1, x2))


@op("numpy", "x1", "x2", weak=True)
def fmin(x1: Any, x2: Any) -> Tensor:
    """The smaller of two values; a NaN gives way to a number."""
    return torch.fmin(*pair(x1, x2))


@op("numpy", "x1", "x2", weak=True)
def logaddexp(x1: Any, x2: Any) -> Tensor:
    """`log(exp(x1) + exp(x2))` without overflow."""
    return torch.logaddexp(*pair(x1, x2, floating=True))


@op("numpy", "x1", "x2", weak=True)
def logaddexp2(x1: Any, x2: Any) -> Tensor:
    """`log2(2**x1 + 2**x2)` without overflow."""
    return torch.logaddexp2(*pair(x1, x2, floating=True))


@op("numpy", "x1", "x2", weak=True)
def heaviside(x1: Any, x2: Any) -> Tensor:
    """0 below zero, 1 above, and `x2` at zero."""
    x1, x2 = pair(x1, x2)
    return torch.heaviside(x1, x2) if x1.dtype == torch.bool else torch.heaviside(as_float(x1), as_float(x2))


@op("numpy", "x1", "x2", weak=True)
def nextafter(x1: Any, x2: Any) -> Tensor:
    """The next float64 after `x1` towards `x2`, in the dtype of the two."""
    x1, x2 = pair(x1, x2, floating=True)
    return torch.nextafter(x1.double(), x2.double()).to(x1.dtype)


@op("numpy", "x1", "x2")
def ldexp(x1: Tensor, x2: Tensor) -> Tensor:
    """`x1 * 2**x2` for integers `x2`."""
    if not is_integral(x2) or x2.dtype == torch.bool:
        raise errors.type_error("`x2` of ldexp", expected="an integer tensor", received=x2)
    return torch.ldexp(x1, x2).to(x1.dtype if x1.is_floating_point() else float_dtype())


@op("numpy", "x1", "x2", weak=True)
def gcd(x1: Any, x2: Any) -> Tensor:
    """The greatest common divisor of integers."""
    return torch.gcd(*as_tensors(x1, x2))


@op("numpy", "x1", "x2", weak=True)
def lcm(x1: Any, x2: Any) -> Tensor:
    """The least common multiple of integers."""
    return torch.lcm(*as_tensors(x1, x2))
