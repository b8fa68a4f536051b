"""Losses of numbers: squared, absolute, relative and logarithmic errors.

Formulas: keras/src/losses/losses.py (Keras 3), each named at its function.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import registry
from kerastorch.config import epsilon
from kerastorch.losses.pairing import as_pair
from kerastorch.losses.wrapper import NamedLoss, mean_form


@registry.register("losses", "mse", "MSE")
def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """Mean of `(y_true - y_pred) ** 2` over the last dimension.

    Args:
        y_true: Truth, shape `(batch, d0, ..., dN)`.
        y_pred: Predictions of the same shape.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]])
        tensor([0.5000])
    """
    truth, scores = as_pair(y_true, y_pred)
    return F.mse_loss(scores, truth, reduction="none").mean(-1)


@mean_form(mean_squared_error)
def _mean_squared_error(y_true: Any, y_pred: Tensor) -> Tensor:
    truth, scores = as_pair(y_true, y_pred)
    return F.mse_loss(scores, truth)


@registry.register("losses", "mae", "MAE")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """Mean of `|y_true - y_pred|` over the last dimension.

    Args:
        y_true: Truth, shape `(batch, d0, ..., dN)`.
        y_pred: Predictions of the same shape.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> mean_absolute_error([[0.0, 1.0]], [[3.0, 1.0]])
        tensor([1.5000])
    """
    truth, scores = as_pair(y_true, y_pred)
    return (scores - truth).abs().mean(-1)


@mean_form(mean_absolute_error)
def _mean_absolute_error(y_true: Any, y_pred: Tensor) -> Tensor:
    truth, scores = as_pair(y_true, y_pred)
    return (scores - truth).abs().mean()


@registry.register("losses", "mape", "MAPE")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """Mean of `100 * |y_true - y_pred| / max(|y_true|, epsilon)` over the last dimension.

    Args:
        y_true: Truth, shape `(batch, d0, ..., dN)`.
        y_pred: Predictions of the same shape.

    Returns:
        Losses in percent, shape `(batch, d0, ..., dN-1)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]])
        tensor([25.])
    """
    truth, scores = as_pair(y_true, y_pred)
    return 100.0 * ((truth - scores) / truth.abs().clamp(min=epsilon())).abs().mean(-1)


@registry.register("losses", "msle", "MSLE")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """Mean of `(log(1 + y_true) - log(1 + y_pred)) ** 2` over the last dimension, both at least epsilon.

    Args:
        y_true: Truth, shape `(batch, d0, ..., dN)`.
        y_pred: Predictions of the same shape.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> mean_squared_logarithmic_error([[1.0]], [[1.0]])
        tensor([0.])
    """
    truth, scores = as_pair(y_true, y_pred)
    low = epsilon()
    return (torch.log1p(scores.clamp(min=low)) - torch.log1p(truth.clamp(min=low))).square().mean(-1)


@registry.register("losses")
class MeanSquaredError(NamedLoss):
    """The mean of squared errors; see `mean_squared_error`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> MeanSquaredError()([[0.0, 1.0]], [[1.0, 1.0]])
        tensor(0.5000)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


@registry.register("losses")
class MeanAbsoluteError(NamedLoss):
    """The mean of absolute errors; see `mean_absolute_error`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> MeanAbsoluteError()([[0.0, 1.0]], [[3.0, 1.0]])
        tensor(1.5000)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


@registry.register("losses")
class MeanAbsolutePercentageError(NamedLoss):
    """The mean error in percent of the truth; see `mean_absolute_percentage_error`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]])
        tensor(25.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


@registry.register("losses")
class MeanSquaredLogarithmicError(NamedLoss):
    """The mean of squared errors of logarithms; see `mean_squared_logarithmic_error`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> MeanSquaredLogarithmicError()([[1.0]], [[1.0]])
        tensor(0.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)
