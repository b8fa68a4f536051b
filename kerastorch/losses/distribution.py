"""Losses between distributions: Kullback-Leibler and Poisson."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import registry
from kerastorch.config import epsilon
from kerastorch.losses.pairing import as_pair
from kerastorch.losses.wrapper import NamedLoss


@registry.register("losses", "kld", "KLD", "kullback_leibler_divergence")
def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Sum of `y_true * log(y_true / y_pred)` over the last dimension, both clipped to [epsilon, 1].

    Args:
        y_true: True probabilities, shape `(batch, d0, ..., dN)`.
        y_pred: Predicted probabilities of the same shape.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> kl_divergence([[0.5, 0.5]], [[0.5, 0.5]])
        tensor([0.])
    """
    truth, scores = as_pair(y_true, y_pred)
    low = epsilon()
    truth = truth.clamp(low, 1.0)
    return (truth * torch.log(truth / scores.clamp(low, 1.0))).sum(-1)


@registry.register("losses")
def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Mean of `y_pred - y_true * log(y_pred + epsilon)` over the last dimension.

    Args:
        y_true: Counts, shape `(batch, d0, ..., dN)`.
        y_pred: Predicted rates, >= 0, of the same shape.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> poisson([[0.0, 0.0]], [[1.0, 2.0]])
        tensor([1.5000])
    """
    truth, scores = as_pair(y_true, y_pred)
    return F.poisson_nll_loss(scores, truth, log_input=False, eps=epsilon(), reduction="none").mean(-1)


@registry.register("losses")
class KLDivergence(NamedLoss):
    """The Kullback-Leibler divergence; see `kl_divergence`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]])
        tensor(0.)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


@registry.register("losses")
class Poisson(NamedLoss):
    """The Poisson loss of rates; see `poisson`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> Poisson()([[0.0, 0.0]], [[1.0, 2.0]])
        tensor(1.5000)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
