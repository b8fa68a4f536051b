"""Losses of regions in images: Dice and Tversky."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import registry
from kerastorch.config import epsilon
from kerastorch.losses.pairing import as_pair
from kerastorch.losses.wrapper import NamedLoss

Axes = int | list[int] | tuple[int, ...] | None


@registry.register("losses")
def dice(y_true: Any, y_pred: Any, axis: Axes = None) -> Tensor:
    """`1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred) + epsilon)`.

    From Milletari et al., "V-Net", 2016 (https://arxiv.org/abs/1606.04797).

    Args:
        y_true: True regions, values in [0, 1], any shape.
        y_pred: Predicted regions of the same shape.
        axis: The dimensions that are summed; None for all.

    Returns:
        Losses, without the summed dimensions.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> dice([[1.0, 0.0]], [[0.5, 0.5]])
        tensor(0.5000)
    """
    truth, scores = as_pair(y_true, y_pred)
    common = (truth * scores).sum(axis)
    return 1.0 - 2.0 * common / (truth.sum(axis) + scores.sum(axis) + epsilon())


@registry.register("losses")
def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axes = None) -> Tensor:
    """`1 - c / (c + alpha * fp + beta * fn + epsilon)`: c = sum(t * p), fp = sum((1 - p) * t), fn = sum(p * (1 - t)).

    Which sum is called false positive follows Keras's code. From Salehi et al., 2017 (https://arxiv.org/abs/1706.05721).

    Args:
        y_true: True regions t, values in [0, 1], any shape.
        y_pred: Predicted regions p of the same shape.
        alpha: The weight of fp.
        beta: The weight of fn.
        axis: The dimensions that are summed; None for all.

    Returns:
        Losses, without the summed dimensions.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> tversky([[1.0, 0.0]], [[0.5, 0.5]])
        tensor(0.5000)
    """
    truth, scores = as_pair(y_true, y_pred)
    common = (truth * scores).sum(axis)
    false_positive = ((1.0 - scores) * truth).sum(axis)
    false_negative = (scores * (1.0 - truth)).sum(axis)
    return 1.0 - common / (common + false_positive * alpha + false_negative * beta + epsilon())


@registry.register("losses")
class Dice(NamedLoss):
    """One minus the Dice coefficient of two regions; see `dice`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        axis: The dimensions that are summed; None for all.
        dtype: As for `Loss`.

    Example:
        >>> Dice()([[1.0, 0.0]], [[0.5, 0.5]])
        tensor(0.5000)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


@registry.register("losses")
class Tversky(NamedLoss):
    """One minus the Tversky index of two regions; see `tversky`.

    Args:
        alpha: The weight of fp.
        beta: The weight of fn.
        reduction: As for `Loss`.
        name: Its name.
        axis: The dimensions that are summed; None for all.
        dtype: As for `Loss`.

    Example:
        >>> Tversky()([[1.0, 0.0]], [[0.5, 0.5]])
        tensor(0.5000)
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
