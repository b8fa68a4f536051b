"""The circle loss of embeddings."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.losses.pairing import as_scores, as_tensor
from kerastorch.losses.wrapper import NamedLoss


def _same_label(labels: Tensor, others: Tensor, remove_diagonal: bool) -> tuple[Tensor, Tensor]:
    """Which pairs are of one class (a sample and itself left out if wanted), and which are not."""
    same = labels.reshape(-1, 1) == others.reshape(1, -1)
    different = ~same
    if remove_diagonal:
        same = same & ~torch.eye(*same.shape, dtype=torch.bool, device=same.device)
    return same, different


@registry.register("losses")
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """Draws embeddings of one class together and pushes those of different classes apart.

    From Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization", 2020
    (https://arxiv.org/abs/2002.10857), on cosine distances d = max(1 - a.b, 0), as Keras writes it:
    `softplus(lse(-gamma * (margin + d) * (margin - d)) + lse(gamma * max(1 + margin - d, 0) * (1 - margin - d)))`,
    the first log-sum-exp over pairs of one class, the second over the others.

    Args:
        y_true: Class numbers, shape `(batch,)`.
        y_pred: Embeddings of length 1, shape `(batch, dim)`.
        ref_labels: Labels of the embeddings to compare with; default `y_true`.
        ref_embeddings: Those embeddings; default `y_pred`.
        remove_diagonal: Whether a sample is not compared with itself.
        gamma: The scale.
        margin: The relaxation, in (0, 1).

    Returns:
        Losses, shape `(batch,)`; samples with loss 0 do not count in averages.

    Raises:
        ValueError: There is not one label per embedding.

    Example:
        >>> circle([0, 1], [[1.0, 0.0], [0.0, 1.0]])
        tensor([0., 0.])
    """
    y_pred = as_scores(y_pred)
    y_true = as_tensor(y_true, y_pred.device).int()
    if y_true.numel() != y_pred.shape[0]:
        raise errors.value_error(
            "`y_true` of circle",
            expected=f"one class number per embedding: shape {(y_pred.shape[0],)}",
            received=errors.Said(f"shape {tuple(y_true.shape)}"),
        )
    others = y_pred if ref_embeddings is None else as_tensor(ref_embeddings, y_pred.device).to(y_pred.dtype)
    labels = y_true if ref_labels is None else as_tensor(ref_labels, y_pred.device).int()
    same, different = _same_label(y_true, labels, remove_diagonal)
    zero = y_pred.new_zeros(())
    distances = torch.maximum(1.0 - y_pred @ others.T, zero)
    attract = -gamma * (margin + distances) * (margin - distances)
    repel = gamma * torch.maximum(1.0 + margin - distances, zero) * (1.0 - margin - distances)
    total = _logsumexp(attract, same) + _logsumexp(repel, different)
    losses = F.softplus(total)
    losses._keras_mask = losses > 0  # type: ignore[attr-defined]
    return losses


def _logsumexp(x: Tensor, where: Tensor) -> Tensor:
    return torch.logsumexp(torch.where(where, x, float("-inf")), 1)


@registry.register("losses")
class Circle(NamedLoss):
    """The circle loss; see `circle`.

    Args:
        gamma: The scale.
        margin: The relaxation, in (0, 1).
        remove_diagonal: Whether a sample is not compared with itself.
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> Circle()([0, 1], [[1.0, 0.0], [0.0, 1.0]])
        tensor(0.)
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(circle, reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)
