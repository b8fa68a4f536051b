"""How often predictions are right: the accuracy family and its functions."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import dtypes, errors, policy
from kerastorch.losses.pairing import squeeze_or_expand_to_same_rank
from kerastorch.metrics._align import as_tensor
from kerastorch.metrics.metric import register
from kerastorch.metrics.reduction import MeanOf, metric_function


def _as_floats(matches: Tensor) -> Tensor:
    return matches.to(dtypes.torch_dtype(policy.floatx()))


def _paired(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Both with one shape; (N,) and (N, 1) meet, nothing else is broadcast."""
    if y_true.ndim != y_pred.ndim:
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if y_true.shape != y_pred.shape:
        raise _misfit(y_true, y_pred, y_pred.shape)
    return y_true, y_pred


def _misfit(y_true: Tensor, y_pred: Tensor, wanted: Any) -> ValueError:
    return errors.value_error(
        "`y_true` of an accuracy",
        expected=f"shape {tuple(wanted)} for predictions of shape {tuple(y_pred.shape)}",
        received=errors.Said(f"shape {tuple(y_true.shape)}"),
        remedy="Class numbers go with SparseCategoricalAccuracy, one-hot labels with CategoricalAccuracy.",
    )


def _equal(y_true: Tensor, y_pred: Tensor) -> Tensor:
    y_true, y_pred = _paired(y_true, y_pred)
    return y_true == y_pred


def _binary(y_true: Tensor, y_pred: Tensor, threshold: float = 0.5) -> Tensor:
    if y_true.shape != y_pred.shape:
        y_true, y_pred = _paired(y_true, y_pred)
    return (y_pred > threshold) == y_true


def _categorical(y_true: Tensor, y_pred: Tensor) -> Tensor:
    if y_true.shape != y_pred.shape:
        raise _misfit(y_true, y_pred, y_pred.shape)
    return y_true.argmax(-1) == y_pred.argmax(-1)


def _sparse(y_true: Tensor, y_pred: Tensor) -> Tensor:
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = y_true.squeeze(-1)
    found = y_pred.argmax(-1)
    if found.shape != y_true.shape:
        raise _misfit(y_true, y_pred, found.shape)
    return found == y_true


@metric_function
def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1.0 where labels and predictions are equal, else 0.0.

    Args:
        y_true: Labels.
        y_pred: Predictions of the same shape ((N,) and (N, 1) meet).

    Returns:
        Floats of that shape.

    Example:
        >>> accuracy([1, 2, 3], [1, 0, 3])
        tensor([1., 0., 1.])
    """
    y_pred = as_tensor(y_pred)
    return _as_floats(_equal(as_tensor(y_true, y_pred), y_pred))


@metric_function
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """1.0 where a prediction is on its label's side of the threshold, else 0.0.

    Args:
        y_true: Labels 0 or 1.
        y_pred: Probabilities of the same shape ((N,) and (N, 1) meet).
        threshold: What is larger counts as 1.

    Returns:
        Floats of that shape.

    Example:
        >>> binary_accuracy([1, 0, 1], [0.9, 0.8, 0.7])
        tensor([1., 0., 1.])
    """
    y_pred = as_tensor(y_pred)
    return _as_floats(_binary(as_tensor(y_true, y_pred), y_pred, threshold))


@metric_function
def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1.0 where the largest prediction is at the one of a one-hot label, else 0.0.

    Args:
        y_true: One-hot labels, shape (..., classes).
        y_pred: Scores of the same shape.

    Returns:
        Floats of shape (...).

    Example:
        >>> categorical_accuracy([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]])
        tensor([1., 0.])
    """
    y_pred = as_tensor(y_pred)
    return _as_floats(_categorical(as_tensor(y_true, y_pred), y_pred))


@metric_function
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1.0 where the largest prediction is at the label, else 0.0.

    Args:
        y_true: Class numbers, shape (...) or (..., 1).
        y_pred: Scores, shape (..., classes).

    Returns:
        Floats of shape (...).

    Example:
        >>> sparse_categorical_accuracy([1, 0], [[0.1, 0.9], [0.2, 0.8]])
        tensor([1., 0.])
    """
    y_pred = as_tensor(y_pred)
    return _as_floats(_sparse(as_tensor(y_true, y_pred), y_pred))


class MatchMetric(MeanOf):
    """The mean of a function that answers True or False, for which gradients need no care."""

    _direction = "up"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Labels.
            y_pred: Predictions, shape (samples, ...).
            sample_weight: Weights, of a shape that is a prefix of that of the matches.
        """
        plain = sample_weight is None and type(y_pred) is Tensor and type(y_true) is Tensor
        if plain and getattr(y_pred, "_keras_mask", None) is None:
            self._add(self._fn(y_true, y_pred, **self._fn_kwargs))
        else:
            super().update_state(y_true, y_pred, sample_weight)


@register()
class Accuracy(MatchMetric):
    """How often predictions equal labels.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = Accuracy()
        >>> metric.update_state([[1], [2], [3], [4]], [[0], [2], [3], [4]])
        >>> metric.result()
        tensor(0.7500)
    """

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(_equal, name=name, dtype=dtype)


@register()
class BinaryAccuracy(MatchMetric):
    """How often probabilities are on their 0/1 label's side of a threshold.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.
        threshold: What is larger counts as 1.

    Example:
        >>> metric = BinaryAccuracy()
        >>> metric.update_state([[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]])
        >>> metric.result()
        tensor(0.7500)
    """

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float)):
            raise errors.type_error("`threshold` of BinaryAccuracy", expected="a number", received=threshold)
        super().__init__(_binary, name=name, dtype=dtype, threshold=threshold)
        self.threshold = threshold


@register()
class CategoricalAccuracy(MatchMetric):
    """How often the largest prediction is at the one of a one-hot label.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = CategoricalAccuracy()
        >>> metric.update_state([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
        >>> metric.result()
        tensor(0.5000)
    """

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(_categorical, name=name, dtype=dtype)


@register()
class SparseCategoricalAccuracy(MatchMetric):
    """How often the largest prediction is at the label, a class number of shape (N,) or (N, 1).

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = SparseCategoricalAccuracy()
        >>> metric.update_state([[2], [1]], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]])
        >>> metric.result()
        tensor(0.5000)
    """

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(_sparse, name=name, dtype=dtype)
