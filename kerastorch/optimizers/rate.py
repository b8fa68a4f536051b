"""Learning rates: what may be given as one, and the float that `optimizer.learning_rate` is."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
import torch

from kerastorch.base import errors


class Rate(float):
    """The current learning rate: a float that has a Keras variable's `numpy` and `assign`.

    Args:
        value: The rate.
        assign: Sets the learning rate of the optimizer it was read from.

    Example:
        >>> Rate(0.1, print) * 2, Rate(0.1, print).numpy()
        (0.2, array(0.1, dtype=float32))
    """

    _assign: Callable[[Any], None]

    def __new__(cls, value: float, assign: Callable[[Any], None]) -> Rate:
        made = super().__new__(cls, value)
        made._assign = assign
        return made

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        return float, (float(self),)

    def __deepcopy__(self, memo: dict[int, Any]) -> float:
        return float(self)

    def assign(self, value: Any) -> None:
        """Set the optimizer's learning rate."""
        self._assign(value)

    def numpy(self) -> np.ndarray[Any, Any]:
        """The rate as a float32 array without dimensions."""
        return np.array(self, dtype=np.float32)


def checked_rate(value: Any) -> float:
    """A learning rate given as a number, checked.

    Args:
        value: A number, or an array or tensor without dimensions.

    Returns:
        The rate.

    Raises:
        ValueError: It is no number, negative or not finite.

    Example:
        >>> checked_rate(0.5)
        0.5
    """
    if isinstance(value, (np.ndarray, torch.Tensor)) and value.ndim == 0:
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (float, Real)):
        hint = f"Write {value} without quotes." if isinstance(value, str) and _is_number(value) else ""
        raise errors.value_error(
            "`learning_rate`",
            expected="a number >= 0, a LearningRateSchedule or a function",
            received=value,
            remedy=hint or "For example `learning_rate=0.001`.",
        )
    rate = float(value)
    if not (math.isfinite(rate) and rate >= 0):
        raise errors.value_error(
            "`learning_rate`",
            expected="a finite number >= 0",
            received=rate,
            remedy="To maximise, negate the loss." if rate < 0 else "For example `learning_rate=0.001`.",
        )
    return rate


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
