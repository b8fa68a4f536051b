"""How often the label is among the k largest predictions."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import dtypes, errors, policy
from kerastorch.metrics._align import as_tensor
from kerastorch.metrics.accuracy import MatchMetric
from kerastorch.metrics.metric import register
from kerastorch.metrics.reduction import metric_function


def _in_top_k(labels: Tensor, y_pred: Tensor, k: int) -> Tensor:
    """Whether the score at each label reaches the k-th largest; a tie counts as reached."""
    own = y_pred.gather(-1, labels.long().unsqueeze(-1))
    return (own >= y_pred.topk(min(k, y_pred.shape[-1]), dim=-1).values[..., -1:]).squeeze(-1)


def _categorical(y_true: Tensor, y_pred: Tensor, k: int = 5) -> Tensor:
    return _in_top_k(y_true.argmax(-1), y_pred, k)


def _sparse(y_true: Tensor, y_pred: Tensor, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    shape = y_true.shape
    labels = y_true.reshape(y_pred.shape[:-1])
    if from_sorted_ids:
        return (y_pred[..., :k] == labels.unsqueeze(-1)).any(-1).reshape(shape)
    return _in_top_k(labels, y_pred, k).reshape(shape)


@metric_function
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1.0 where a one-hot label's class is among the k largest predictions, else 0.0.

    Args:
        y_true: One-hot labels, shape (..., classes).
        y_pred: Scores of the same shape.
        k: How many predictions count.

    Returns:
        Floats of shape (...).

    Example:
        >>> top_k_categorical_accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]], k=1)
        tensor([0., 1.])
    """
    y_pred = as_tensor(y_pred)
    return _categorical(as_tensor(y_true, y_pred), y_pred, k).to(dtypes.torch_dtype(policy.floatx()))


@metric_function
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """1.0 where the label is among the k largest predictions, else 0.0.

    Args:
        y_true: Class numbers, shape (...) or (..., 1).
        y_pred: Scores, shape (..., classes); or class numbers, best first.
        k: How many predictions count.
        from_sorted_ids: Whether `y_pred` holds class numbers.

    Returns:
        Floats of the shape of `y_true`.

    Example:
        >>> sparse_top_k_categorical_accuracy([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]], k=1)
        tensor([0., 1.])
    """
    y_pred = as_tensor(y_pred)
    matches = _sparse(as_tensor(y_true, y_pred), y_pred, k, from_sorted_ids)
    return matches.to(dtypes.torch_dtype(policy.floatx()))


def _checked_k(metric: str, k: Any) -> int:
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise errors.value_error(f"`k` of {metric}", expected="an integer >= 1", received=k)
    return k


@register()
class TopKCategoricalAccuracy(MatchMetric):
    """How often a one-hot label's class is among the k largest predictions.

    Args:
        k: How many predictions count.
        name: The name in logs.
        dtype: The dtype of the result.

    Raises:
        ValueError: `k` is not a positive integer.

    Example:
        >>> metric = TopKCategoricalAccuracy(k=1)
        >>> metric.update_state([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
        >>> metric.result()
        tensor(0.5000)
    """

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(_categorical, name=name, dtype=dtype, k=_checked_k("TopKCategoricalAccuracy", k))
        self.k = k


@register()
class SparseTopKCategoricalAccuracy(MatchMetric):
    """How often the label, a class number, is among the k largest predictions.

    Args:
        k: How many predictions count.
        name: The name in logs.
        dtype: The dtype of the result.
        from_sorted_ids: Whether predictions are class numbers, best first.

    Raises:
        ValueError: `k` is not a positive integer.

    Example:
        >>> metric = SparseTopKCategoricalAccuracy(k=2)
        >>> metric.update_state([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
        >>> metric.result()
        tensor(1.)
    """

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        k = _checked_k("SparseTopKCategoricalAccuracy", k)
        super().__init__(_sparse, name=name, dtype=dtype, k=k, from_sorted_ids=from_sorted_ids)
        self.k = k
        self.from_sorted_ids = from_sorted_ids

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        return config if self.from_sorted_ids else {k: v for k, v in config.items() if k != "from_sorted_ids"}
