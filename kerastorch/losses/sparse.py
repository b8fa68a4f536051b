"""Losses of labels that are class numbers: sparse and generalized cross-entropy."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.config import epsilon
from kerastorch.losses.pairing import as_scores, as_tensor, shape_error
from kerastorch.losses.wrapper import NamedLoss, mean_form

# Up to this many probabilities, work on all of them costs less than two more operations on a few (measured on a CPU).
_FEW = 8192
_NO_CLASS = -100  # torch's own "no label here"


def _prepare(y_true: Any, y_pred: Any, axis: int) -> tuple[Tensor, Tensor]:
    """Class numbers `(batch, ...)` as int64 and scores `(batch, ..., classes)`."""
    if not (isinstance(y_pred, Tensor) and y_pred.dtype.is_floating_point):
        y_pred = as_scores(y_pred)
    if not isinstance(y_true, Tensor):
        y_true = as_tensor(y_true, y_pred.device)
    if y_true.ndim == y_pred.ndim and y_true.shape[axis] == 1:
        y_true = y_true.squeeze(axis)
    if axis not in (-1, y_pred.ndim - 1):
        y_pred = y_pred.movedim(axis, -1)
    if y_true.shape != y_pred.shape[:-1]:
        raise _labels_error(y_true, y_pred)
    return y_true if y_true.dtype == torch.int64 else y_true.long(), y_pred


def _labels_error(y_true: Tensor, y_pred: Tensor) -> ValueError:
    if y_true.shape == y_pred.shape:
        return shape_error(
            y_true, y_pred[..., :1], "For one-hot labels use the loss 'categorical_crossentropy', or take their argmax."
        )
    return errors.value_error(
        "`y_true` of the loss",
        expected=f"one class number per prediction: shape {tuple(y_pred.shape[:-1])}",
        received=errors.Said(f"shape {tuple(y_true.shape)} for predictions of shape {tuple(y_pred.shape)}"),
    )


def _entropy(y_true: Tensor, y_pred: Tensor, from_logits: bool, reduction: str, ignored: int = _NO_CLASS) -> Tensor:
    """-log of the probability at the label; 0 where the label is `ignored`."""
    if y_pred.ndim > 2:
        losses = _entropy(y_true.reshape(-1), y_pred.flatten(0, -2), from_logits, reduction, ignored)
        return losses.reshape(y_true.shape) if reduction == "none" else losses
    if from_logits:
        return F.cross_entropy(y_pred, y_true, reduction=reduction, ignore_index=ignored)
    low = epsilon()
    if y_pred.numel() <= _FEW or ignored != _NO_CLASS:
        p = (y_pred / y_pred.sum(-1, keepdim=True)).clamp(low, 1.0 - low)
        return F.nll_loss(torch.log(p), y_true, reduction=reduction, ignore_index=ignored)
    p = y_pred.gather(-1, y_true.unsqueeze(-1)).squeeze(-1) / y_pred.sum(-1)
    losses = -torch.log(p.clamp(low, 1.0 - low))
    return losses.mean() if reduction == "mean" else losses


@registry.register("losses")
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """`-log(p)` at the label; p are the predictions divided by their sum, clipped to [epsilon, 1 - epsilon].

    Args:
        y_true: Class numbers from 0 to classes - 1, any dtype, shape `(batch, d0, ..., dN)` or `(..., 1)`.
        y_pred: Probabilities, or logits, shape `(batch, d0, ..., dN, classes)`.
        from_logits: Whether `y_pred` are logits, whose softmax is p.
        ignore_class: A class number whose samples have loss 0 and do not count in averages.
        axis: The dimension of the classes.

    Returns:
        Losses, shape `(batch, d0, ..., dN)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]])
        tensor([0.6931])
    """
    truth, scores = _prepare(y_true, y_pred, axis)
    if ignore_class is None:
        return _entropy(truth, scores, from_logits, "none")
    losses = _entropy(truth, scores, from_logits, "none", int(ignore_class))
    losses._keras_mask = truth != ignore_class  # type: ignore[attr-defined]
    return losses


@mean_form(sparse_categorical_crossentropy)
def _sparse_categorical_crossentropy(
    y_true: Any, y_pred: Tensor, from_logits: bool = False, ignore_class: None = None, axis: int = -1
) -> Tensor:
    truth, scores = _prepare(y_true, y_pred, axis)
    return _entropy(truth, scores, from_logits, "mean")


@registry.register("losses")
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """`(1 - p ** q) / q`, p the probability at the label: from cross-entropy (q near 0) to absolute error (q near 1).

    From Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels", 2018
    (https://arxiv.org/abs/1805.07836).

    Args:
        y_true: Class numbers, shape `(batch, d0, ..., dN)` or `(..., 1)`.
        y_pred: Probabilities, shape `(batch, d0, ..., dN, classes)`.
        q: In (0, 1).

    Returns:
        Losses, shape `(batch, d0, ..., dN)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> categorical_generalized_cross_entropy([0], [[0.25, 0.75]], q=0.5)
        tensor([1.])
    """
    truth, scores = _prepare(y_true, y_pred, -1)
    p = scores.gather(-1, truth.unsqueeze(-1)).squeeze(-1)
    return (1.0 - p.pow(q)) / q


@registry.register("losses")
class SparseCategoricalCrossentropy(NamedLoss):
    """Cross-entropy of labels that are class numbers; see `sparse_categorical_crossentropy`.

    Args:
        from_logits: Whether predictions are logits.
        ignore_class: A class number whose samples do not count.
        reduction: As for `Loss`.
        axis: The dimension of the classes.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [1.0, 0.0]])
        tensor(0.3466)
    """

    _quiet: ClassVar[dict[str, Any]] = {"axis": -1}
    from_logits: bool

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


@registry.register("losses")
class CategoricalGeneralizedCrossEntropy(NamedLoss):
    """Cross-entropy that bears wrong labels; see `categorical_generalized_cross_entropy`.

    Args:
        q: In (0, 1).
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Raises:
        ValueError: `q` is outside (0, 1).

    Example:
        >>> CategoricalGeneralizedCrossEntropy()([0], [[0.25, 0.75]])
        tensor(1.)
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise errors.value_error(
                "`q` of CategoricalGeneralizedCrossEntropy", expected="a number between 0 and 1", received=q
            )
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
