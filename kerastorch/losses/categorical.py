"""Losses of one-hot labels: categorical cross-entropy and its focal form."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import dtypes, errors, registry
from kerastorch.config import epsilon
from kerastorch.losses.pairing import as_scores, as_tensor, same_shape, shape_error
from kerastorch.losses.wrapper import NamedLoss, mean_form


def _prepare(y_true: Any, y_pred: Any, label_smoothing: float, axis: int) -> tuple[Tensor, Tensor]:
    """One-hot labels (smoothed) and scores as tensors of one dtype and shape."""
    if isinstance(axis, bool):
        raise errors.value_error("`axis` of the loss", expected="an integer", received=axis)
    y_pred = as_scores(y_pred)
    y_true = as_tensor(y_true, getattr(y_pred, "device", None)).to(dtypes.torch_dtype(y_pred.dtype))
    if not same_shape(y_true.shape, y_pred.shape):
        hint = "For labels that are class numbers use the loss 'sparse_categorical_crossentropy'."
        raise shape_error(y_true, y_pred, hint)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_true.shape[axis]
    return y_true, y_pred


def _log_probabilities(y_pred: Tensor, from_logits: bool, axis: int) -> Tensor:
    if from_logits:
        return torch.log_softmax(y_pred, axis)
    return torch.log(normalized(y_pred, axis))


def normalized(y_pred: Tensor, axis: int) -> Tensor:
    """Scores divided by their sum along `axis`, clipped to [epsilon, 1 - epsilon]."""
    return (y_pred / y_pred.sum(axis, keepdim=True)).clamp(epsilon(), 1.0 - epsilon())


@registry.register("losses")
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Sum of `-y_true * log(p)` over `axis`; p is the prediction divided by its sum, clipped to [epsilon, 1 - epsilon].

    Args:
        y_true: One-hot labels or probabilities, shape `(batch, d0, ..., classes)`.
        y_pred: Probabilities, or logits, of the same shape.
        from_logits: Whether `y_pred` are logits, whose softmax is p.
        label_smoothing: In [0, 1]: this share of the label is spread evenly over all classes.
        axis: The dimension of the classes.

    Returns:
        Losses, shape `(batch, d0, ..., dN)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
        tensor([0.6931])
    """
    truth, scores = _prepare(y_true, y_pred, label_smoothing, axis)
    return -(truth * _log_probabilities(scores, from_logits, axis)).sum(axis)


@mean_form(categorical_crossentropy)
def _categorical_crossentropy(
    y_true: Any, y_pred: Tensor, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    truth, scores = _prepare(y_true, y_pred, label_smoothing, axis)
    total = (truth * _log_probabilities(scores, from_logits, axis)).sum()
    return total / -max(scores.numel() // scores.shape[axis], 1)


@registry.register("losses")
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Sum of `-alpha * (1 - p) ** gamma * y_true * log(p)` over `axis`, p as in `categorical_crossentropy`.

    From Lin et al., "Focal Loss for Dense Object Detection", 2018 (https://arxiv.org/abs/1708.02002).

    Args:
        y_true: One-hot labels, shape `(batch, d0, ..., classes)`.
        y_pred: Probabilities, or logits, of the same shape.
        alpha: The weight, a number or one for each class.
        gamma: How strongly easy samples are played down.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: In [0, 1]: this share of the label is spread evenly over all classes.
        axis: The dimension of the classes.

    Returns:
        Losses, shape `(batch, d0, ..., dN)`.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
        tensor([0.0433])
    """
    truth, scores = _prepare(y_true, y_pred, label_smoothing, axis)
    if from_logits:
        scores = torch.softmax(scores, axis)
    p = normalized(scores, axis)
    weight = alpha if isinstance(alpha, (int, float)) else as_tensor(alpha, p.device).to(p.dtype)
    return -((1.0 - p).pow(gamma) * weight * truth * torch.log(p)).sum(axis)


@registry.register("losses")
class CategoricalCrossentropy(NamedLoss):
    """Cross-entropy of one-hot labels; see `categorical_crossentropy`.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: In [0, 1]: this share of the label is spread evenly over all classes.
        axis: The dimension of the classes.
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> CategoricalCrossentropy(from_logits=True)([[0.0, 1.0]], [[3.0, 3.0]])
        tensor(0.6931)
    """

    from_logits: bool

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@registry.register("losses")
class CategoricalFocalCrossentropy(NamedLoss):
    """Categorical cross-entropy that plays down easy samples; see `categorical_focal_crossentropy`.

    Args:
        alpha: The weight, a number or one for each class.
        gamma: How strongly easy samples are played down.
        from_logits: Whether predictions are logits.
        label_smoothing: In [0, 1]: this share of the label is spread evenly over all classes.
        axis: The dimension of the classes.
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])
        tensor(0.0433)
    """

    from_logits: bool

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
