"""Losses of yes-or-no labels: binary cross-entropy and its focal form."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import registry
from kerastorch.config import epsilon
from kerastorch.losses.pairing import as_pair
from kerastorch.losses.wrapper import NamedLoss, mean_form


def _entropy(y_true: Tensor, y_pred: Tensor, from_logits: bool, reduction: str) -> Tensor:
    if from_logits:
        return F.binary_cross_entropy_with_logits(y_pred, y_true, reduction=reduction)
    y_pred = y_pred.clamp(epsilon(), 1.0 - epsilon())
    if isinstance(y_pred, Tensor) and torch.is_autocast_enabled(y_pred.device.type):
        # autocast refuses this kernel, for fear of half-precision inputs; a loss works in its own dtype
        with torch.autocast(y_pred.device.type, enabled=False):
            return F.binary_cross_entropy(y_pred, y_true, reduction=reduction)
    return F.binary_cross_entropy(y_pred, y_true, reduction=reduction)


def _smooth(y_true: Tensor, label_smoothing: float) -> Tensor:
    return y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing


@registry.register("losses", "bce", "BCE")
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Mean of `-y_true * log(p) - (1 - y_true) * log(1 - p)` over `axis`, p clipped to [epsilon, 1 - epsilon].

    Args:
        y_true: Labels 0 or 1 (or probabilities), shape `(batch, d0, ..., dN)`.
        y_pred: Probabilities, or logits, of the same shape.
        from_logits: Whether `y_pred` are logits, whose sigmoid is p.
        label_smoothing: In [0, 1]: labels are drawn towards 0.5 by this share.
        axis: The dimension that is averaged.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)` for the last axis.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]])
        tensor([0.6931])
    """
    truth, scores = as_pair(y_true, y_pred)
    if label_smoothing:
        truth = _smooth(truth, label_smoothing)
    return _entropy(truth, scores, from_logits, "none").mean(axis)


@mean_form(binary_crossentropy)
def _binary_crossentropy(
    y_true: Any, y_pred: Tensor, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    truth, scores = as_pair(y_true, y_pred)
    if label_smoothing:
        truth = _smooth(truth, label_smoothing)
    return _entropy(truth, scores, from_logits, "mean")


@registry.register("losses")
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Binary cross-entropy times `(1 - p_t) ** gamma`, p_t the probability given to the label.

    From Lin et al., "Focal Loss for Dense Object Detection", 2018 (https://arxiv.org/abs/1708.02002).

    Args:
        y_true: Labels 0 or 1, shape `(batch, d0, ..., dN)`.
        y_pred: Probabilities, or logits, of the same shape.
        apply_class_balancing: Whether class 1 weighs `alpha` and class 0 weighs `1 - alpha`.
        alpha: The weight of class 1.
        gamma: How strongly easy samples are played down.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: In [0, 1]: labels are drawn towards 0.5 by this share.
        axis: The dimension that is averaged.

    Returns:
        Losses, shape `(batch, d0, ..., dN-1)` for the last axis.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> binary_focal_crossentropy([[1.0]], [[0.5]])
        tensor([0.1733])
    """
    truth, scores = as_pair(y_true, y_pred)
    if label_smoothing:
        truth = _smooth(truth, label_smoothing)
    if from_logits:
        scores = torch.sigmoid(scores)
    missed = 1.0 - (truth * scores + (1.0 - truth) * (1.0 - scores))
    losses = missed.pow(gamma) * _entropy(truth, scores, False, "none")
    if apply_class_balancing:
        losses = (truth * alpha + (1.0 - truth) * (1.0 - alpha)) * losses
    return losses.mean(axis)


@registry.register("losses")
class BinaryCrossentropy(NamedLoss):
    """Cross-entropy of yes-or-no labels; see `binary_crossentropy`.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: In [0, 1]: labels are drawn towards 0.5 by this share.
        axis: The dimension that is averaged.
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[0.0], [0.0]])
        tensor(0.6931)
    """

    from_logits: bool

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@registry.register("losses")
class BinaryFocalCrossentropy(NamedLoss):
    """Binary cross-entropy that plays down easy samples; see `binary_focal_crossentropy`.

    Args:
        apply_class_balancing: Whether class 1 weighs `alpha` and class 0 weighs `1 - alpha`.
        alpha: The weight of class 1.
        gamma: How strongly easy samples are played down.
        from_logits: Whether predictions are logits.
        label_smoothing: In [0, 1]: labels are drawn towards 0.5 by this share.
        axis: The dimension that is averaged.
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> BinaryFocalCrossentropy()([[1.0]], [[0.5]])
        tensor(0.1733)
    """

    from_logits: bool

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
