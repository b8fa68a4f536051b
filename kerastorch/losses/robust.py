"""Losses of numbers that large errors do not dominate: Huber and log-cosh."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.losses.pairing import as_pair
from kerastorch.losses.wrapper import NamedLoss, mean_form


@registry.register("losses")
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Squared error up to `delta`, absolute error beyond, averaged over the last dimension.

    With the error e: `0.5 * e ** 2` where `|e| <= delta`, else `delta * |e| - 0.5 * delta ** 2`
    (Huber, "Robust Estimation of a Location Parameter", 1964).

    Args:
        y_true: Truth, shape `(batch, d0, ..., dN)`.
        y_pred: Predictions of the same shape.
        delta: Where the loss becomes linear, > 0.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> huber([[0.0, 0.0]], [[1.0, 3.0]])
        tensor([1.5000])
    """
    truth, scores = as_pair(y_true, y_pred)
    return F.huber_loss(scores, truth, reduction="none", delta=delta).mean(-1)


@mean_form(huber)
def _huber(y_true: Any, y_pred: Tensor, delta: float = 1.0) -> Tensor:
    truth, scores = as_pair(y_true, y_pred)
    return F.huber_loss(scores, truth, delta=delta)


@registry.register("losses", "logcosh")
def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """Mean of `log(cosh(e))`, e the error, over the last dimension: `e + softplus(-2 e) - log 2` cannot overflow.

    Args:
        y_true: Truth, shape `(batch, d0, ..., dN)`.
        y_pred: Predictions of the same shape.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> log_cosh([[0.0]], [[0.0]])
        tensor([0.])
    """
    truth, scores = as_pair(y_true, y_pred)
    error = scores - truth
    return (error + F.softplus(error * -2.0) - math.log(2.0)).mean(-1)


@registry.register("losses")
class Huber(NamedLoss):
    """The Huber loss; see `huber`.

    Args:
        delta: Where the loss becomes linear, > 0.
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Raises:
        ValueError: `delta` is not positive.

    Example:
        >>> Huber()([[0.0, 0.0]], [[1.0, 3.0]])
        tensor(1.5000)
    """

    _quiet: ClassVar[dict[str, Any]] = {"delta": 1.0}

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        if not isinstance(delta, (int, float)) or not delta > 0:
            raise errors.value_error("`delta` of Huber", expected="a positive number", received=delta)
        super().__init__(huber, reduction, name, dtype, delta=delta)


@registry.register("losses")
class LogCosh(NamedLoss):
    """The logarithm of the hyperbolic cosine of the error; see `log_cosh`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> LogCosh()([[0.0]], [[0.0]])
        tensor(0.)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)
