"""Pearson's and the concordance correlation along a dimension."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch import config
from kerastorch.losses.pairing import as_pair
from kerastorch.metrics._align import as_tensor
from kerastorch.metrics.metric import register
from kerastorch.metrics.reduction import MeanOf, metric_function


@metric_function
def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Pearson's correlation between labels and predictions.

    Args:
        y_true: Labels.
        y_pred: Predictions of the same shape.
        axis: The dimension along which they are correlated.

    Returns:
        The coefficients, without that dimension.

    Example:
        >>> pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]])
        tensor([1.0000])
    """
    y_true, y_pred = as_pair(as_tensor(y_true), as_tensor(y_pred))
    true, pred = y_true - y_true.mean(axis, keepdim=True), y_pred - y_pred.mean(axis, keepdim=True)
    true = true / true.std(axis, correction=0, keepdim=True)
    pred = pred / pred.std(axis, correction=0, keepdim=True)
    return (true * pred).mean(axis)


@metric_function
def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Lin's concordance correlation: like Pearson's, but only the line y_pred = y_true is perfect.

    Args:
        y_true: Labels.
        y_pred: Predictions of the same shape.
        axis: The dimension along which they are correlated.

    Returns:
        The coefficients, without that dimension.

    Example:
        >>> concordance_correlation([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]])
        tensor([1.0000])
    """
    y_true, y_pred = as_pair(as_tensor(y_true), as_tensor(y_pred))
    true_mean, pred_mean = y_true.mean(axis, keepdim=True), y_pred.mean(axis, keepdim=True)
    spread = y_true.var(axis, correction=0, keepdim=True) + y_pred.var(axis, correction=0, keepdim=True)
    shared = (y_true - pred_mean) * (y_pred - pred_mean)
    norm = spread + (true_mean - pred_mean).square() + config.epsilon()
    return (2 * shared / norm).mean(axis)


@register()
class PearsonCorrelation(MeanOf):
    """The mean of Pearson's correlation over samples.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.
        axis: The dimension along which labels and predictions are correlated.

    Example:
        >>> metric = PearsonCorrelation()
        >>> metric.update_state([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]])
        >>> metric.result()
        tensor(1.0000)
    """

    _direction = "up"

    def __init__(self, name: str = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name=name, dtype=dtype, axis=axis)
        self.axis = axis


@register()
class ConcordanceCorrelation(MeanOf):
    """The mean of the concordance correlation over samples.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.
        axis: The dimension along which labels and predictions are correlated.

    Example:
        >>> metric = ConcordanceCorrelation()
        >>> metric.update_state([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]])
        >>> metric.result()
        tensor(1.0000)
    """

    _direction = "up"

    def __init__(self, name: str = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name=name, dtype=dtype, axis=axis)
        self.axis = axis
