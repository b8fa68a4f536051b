"""Comparisons, logic and bits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.ops._convert import is_integral, operands, pair, to_tensor
from kerastorch.ops._symbolic import op


@op("numpy", "x1", "x2", weak=True)
def equal(x1: Any, x2: Any) -> Tensor:
    """Whether two values are equal.

    Example:
        >>> equal([1, 2], 2)
        tensor([False,  True])
    """
    x1, x2 = operands(x1, x2)
    return x1 == x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def not_equal(x1: Any, x2: Any) -> Tensor:
    """Whether two values differ.

    Example:
        >>> not_equal([1, 2], 2)
        tensor([ True, False])
    """
    x1, x2 = operands(x1, x2)
    return x1 != x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def less(x1: Any, x2: Any) -> Tensor:
    """Whether the first is less than the second."""
    x1, x2 = operands(x1, x2)
    return x1 < x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def less_equal(x1: Any, x2: Any) -> Tensor:
    """Whether the first is at most the second."""
    x1, x2 = operands(x1, x2)
    return x1 <= x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def greater(x1: Any, x2: Any) -> Tensor:
    """Whether the first is greater than the second."""
    x1, x2 = operands(x1, x2)
    return x1 > x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", weak=True)
def greater_equal(x1: Any, x2: Any) -> Tensor:
    """Whether the first is at least the second."""
    x1, x2 = operands(x1, x2)
    return x1 >= x2  # type: ignore[no-any-return]


@op("numpy", "x1", "x2", call=("x1", "x2", "rtol", "atol"), weak=True)
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether `|x1 - x2| <= atol + rtol * |x2|`; integers are compared exactly."""
    x1, x2 = pair(x1, x2)
    return x1 == x2 if is_integral(x1) else torch.isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan)


@op("numpy", "x1", "x2", keras="AllClose", weak=True)
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all values are close in the sense of `isclose`: one bool."""
    x1, x2 = pair(x1, x2)
    close = x1 == x2 if is_integral(x1) else torch.isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan)
    return torch.all(close)


@op("numpy", "x1", "x2", keras="IsIn")
def isin(x1: Tensor, x2: Tensor, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each value of `x1` is among those of `x2` (or, with `invert`, is not)."""
    x1, x2 = (v.to(torch.int32) if v.dtype == torch.bool else v for v in (x1, x2))
    return torch.isin(x1, x2, assume_unique=assume_unique, invert=invert)


@op("numpy", "x1", "x2")
def logical_and(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether both are true (not zero)."""
    return torch.logical_and(x1, x2)


@op("numpy", "x1", "x2")
def logical_or(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether one at least is true (not zero)."""
    return torch.logical_or(x1, x2)


@op("numpy", "x1", "x2")
def logical_xor(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether exactly one is true (not zero)."""
    return torch.logical_xor(x1, x2)


@op("numpy", "x")
def logical_not(x: Tensor) -> Tensor:
    """Whether the value is false (zero)."""
    return torch.logical_not(x)


@op("numpy", "x", "y")
def bitwise_and(x: Tensor, y: Tensor) -> Tensor:
    """The bits set in both."""
    return torch.bitwise_and(x, y)


@op("numpy", "x", "y")
def bitwise_or(x: Tensor, y: Tensor) -> Tensor:
    """The bits set in one at least."""
    return torch.bitwise_or(x, y)


@op("numpy", "x", "y")
def bitwise_xor(x: Tensor, y: Tensor) -> Tensor:
    """The bits set in exactly one."""
    return torch.bitwise_xor(x, y)


@op("numpy", "x")
def bitwise_invert(x: Tensor) -> Tensor:
    """Every bit turned."""
    return torch.bitwise_not(x)


@op("numpy", "x")
def bitwise_not(x: Tensor) -> Tensor:
    """Every bit turned: the same as `bitwise_invert`."""
    return torch.bitwise_not(x)


@op("numpy", "x", "y")
def bitwise_left_shift(x: Tensor, y: Tensor) -> Tensor:
    """The bits of `x` moved left by `y` places."""
    return torch.bitwise_left_shift(x, y)


@op("numpy", "x", "y")
def left_shift(x: Tensor, y: Tensor) -> Tensor:
    """The same as `bitwise_left_shift`."""
    return torch.bitwise_left_shift(x, y)


@op("numpy", "x", "y")
def bitwise_right_shift(x: Tensor, y: Tensor) -> Tensor:
    """The bits of `x` moved right by `y` places."""
    return torch.bitwise_right_shift(x, y)


@op("numpy", "x", "y")
def right_shift(x: Tensor, y: Tensor) -> Tensor:
    """The same as `bitwise_right_shift`."""
    return torch.bitwise_right_shift(x, y)


@op("numpy", "condition", "x1", "x2", weak=True)
def where(condition: Tensor, x1: Any = None, x2: Any = None) -> Tensor:
    """Choose between two values, or find where something holds.

    Args:
        condition: Truth values (anything not zero is true).
        x1: Taken where the condition holds, broadcast.
        x2: Taken elsewhere.

    Returns:
        The chosen values; without `x1` and `x2` the indices of the true places, of shape (dimensions, count).

    Example:
        >>> where([True, False], [1, 2], 0)
        tensor([1, 0], dtype=torch.int32)
    """
    condition = to_tensor(condition, torch.bool)
    if x1 is None or x2 is None:
        return torch.stack(torch.where(condition))
    return torch.where(condition, *pair(x1, x2))
