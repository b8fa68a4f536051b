"""Losses of margins: the hinge family."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.losses.pairing import as_pair
from kerastorch.losses.wrapper import NamedLoss


def _signs(y_true: Tensor) -> Tensor:
    """Labels -1 and 1; labels that are all 0 or 1 are taken as -1 and 1 (decided on the device)."""
    zero_or_one = (torch.eq(y_true, 0) | torch.eq(y_true, 1)).all()
    return torch.where(zero_or_one, 2.0 * y_true - 1.0, y_true)


def _positive(x: Tensor) -> Tensor:
    # `maximum`, as Keras has it, halves the gradient on the margin itself; `relu` and `clamp` do not
    return torch.maximum(x, x.new_zeros(()))


@registry.register("losses")
def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Mean of `max(1 - y_true * y_pred, 0)` over the last dimension.

    Args:
        y_true: Labels -1 and 1 (or 0 and 1), shape `(batch, d0, ..., dN)`.
        y_pred: Predictions of the same shape.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> hinge([[1.0, -1.0]], [[0.5, 0.5]])
        tensor([1.])
    """
    truth, scores = as_pair(y_true, y_pred)
    return _positive(1.0 - _signs(truth) * scores).mean(-1)


@registry.register("losses")
def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Mean of `max(1 - y_true * y_pred, 0) ** 2` over the last dimension.

    Args:
        y_true: Labels -1 and 1 (or 0 and 1), shape `(batch, d0, ..., dN)`.
        y_pred: Predictions of the same shape.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> squared_hinge([[1.0, -1.0]], [[0.5, 0.5]])
        tensor([1.2500])
    """
    truth, scores = as_pair(y_true, y_pred)
    return _positive(1.0 - _signs(truth) * scores).square().mean(-1)


@registry.register("losses")
def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """`max(neg - pos + 1, 0)`: pos the sum of `y_true * y_pred`, neg the maximum of `(1 - y_true) * y_pred`.

    Args:
        y_true: One-hot labels, shape `(batch, d0, ..., classes)`.
        y_pred: Predictions of the same shape.

    Returns:
        Losses, shape `(batch, d0, ..., dN)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> categorical_hinge([[0.0, 1.0]], [[0.5, 0.5]])
        tensor([1.])
    """
    truth, scores = as_pair(y_true, y_pred)
    positive = (truth * scores).sum(-1)
    negative = torch.amax((1.0 - truth) * scores, -1)
    return _positive(negative - positive + 1.0)


@registry.register("losses")
class Hinge(NamedLoss):
    """The hinge loss; see `hinge`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> Hinge()([[1.0, -1.0]], [[0.5, 0.5]])
        tensor(1.)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


@registry.register("losses")
class SquaredHinge(NamedLoss):
    """The squared hinge loss; see `squared_hinge`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> SquaredHinge()([[1.0, -1.0]], [[0.5, 0.5]])
        tensor(1.2500)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


@registry.register("losses")
class CategoricalHinge(NamedLoss):
    """The hinge loss of one-hot labels; see `categorical_hinge`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.5]])
        tensor(1.)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
