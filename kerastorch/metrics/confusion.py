"""Counts of right and wrong decisions, precision and recall."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import errors
from kerastorch.metrics._align import divide_no_nan
from kerastorch.metrics._thresholds import NOTHING, ThresholdMetric, parse
from kerastorch.metrics.metric import register


class _Count(ThresholdMetric):
    """The base of the four counts."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self._set_thresholds(parse(type(self).__name__, thresholds, 0.5))
        self.accumulator = self.add_variable(shape=(len(self.thresholds),), dtype="float64", name="accumulator")
        setattr(self, self._outcomes[0], self.accumulator)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Labels 0 or 1.
            y_pred: Scores of the same shape.
            sample_weight: Weights, of a shape that is a prefix of theirs.
        """
        self._count(y_true, y_pred, sample_weight)

    def result(self) -> Tensor:
        """The count, one number for each threshold (a scalar for one)."""
        return self._single(self.accumulator.detach().clone())

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


@register()
class TruePositives(_Count):
    """How many positive samples were found.

    Args:
        thresholds: One or several numbers in [0, 1]; a score above counts as positive. Default 0.5.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = TruePositives()
        >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
        >>> metric.result()
        tensor(2.)
    """

    _outcomes = ("true_positives",)


@register()
class FalsePositives(_Count):
    """How many negative samples were taken for positive ones.

    Args:
        thresholds: One or several numbers in [0, 1]; a score above counts as positive. Default 0.5.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = FalsePositives()
        >>> metric.update_state([0, 1, 0, 0], [0, 0, 1, 1])
        >>> metric.result()
        tensor(2.)
    """

    _outcomes = ("false_positives",)


@register()
class TrueNegatives(_Count):
    """How many negative samples were left alone.

    Args:
        thresholds: One or several numbers in [0, 1]; a score above counts as positive. Default 0.5.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = TrueNegatives()
        >>> metric.update_state([0, 1, 0, 0], [1, 1, 0, 0])
        >>> metric.result()
        tensor(2.)
    """

    _outcomes = ("true_negatives",)


@register()
class FalseNegatives(_Count):
    """How many positive samples were missed.

    Args:
        thresholds: One or several numbers in [0, 1]; a score above counts as positive. Default 0.5.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = FalseNegatives()
        >>> metric.update_state([0, 1, 1, 1], [0, 1, 0, 0])
        >>> metric.result()
        tensor(2.)
    """

    _outcomes = ("false_negatives",)


class _Ratio(ThresholdMetric):
    """The base of precision and recall: true positives by all that should or could have been."""

    _direction = "up"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        kind = type(self).__name__
        if top_k is not None and (isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1):
            raise errors.value_error(f"`top_k` of {kind}", expected="an integer >= 1 or None", received=top_k)
        if class_id is not None and (isinstance(class_id, bool) or not isinstance(class_id, int) or class_id < 0):
            raise errors.value_error(f"`class_id` of {kind}", expected="an integer >= 0 or None", received=class_id)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        self._set_thresholds(parse(kind, thresholds, 0.5 if top_k is None else NOTHING))
        self._make_counts((len(self.thresholds),))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Labels 0 or 1.
            y_pred: Scores of the same shape.
            sample_weight: Weights, of a shape that is a prefix of theirs.
        """
        self._count(y_true, y_pred, sample_weight, self.top_k, self.class_id)

    def result(self) -> Tensor:
        """The share, one number for each threshold (a scalar for one)."""
        hits, others = getattr(self, self._outcomes[0]), getattr(self, self._outcomes[1])
        return self._single(divide_no_nan(hits, hits + others))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **config}


@register()
class Precision(_Ratio):
    """The share of true ones among the samples that were called positive.

    Args:
        thresholds: One or several numbers in [0, 1]; a score above counts as positive. Default 0.5.
        top_k: Only the k largest scores of a sample can be positive (all of them, where there are no thresholds).
        class_id: The one column that counts; default all.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = Precision()
        >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
        >>> metric.result()
        tensor(0.6667)
    """

    _outcomes = ("true_positives", "false_positives")


@register()
class Recall(_Ratio):
    """The share of positive samples that were found.

    Args:
        thresholds: One or several numbers in [0, 1]; a score above counts as positive. Default 0.5.
        top_k: Only the k largest scores of a sample can be positive (all of them, where there are no thresholds).
        class_id: The one column that counts; default all.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = Recall()
        >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
        >>> metric.result()
        tensor(0.6667)
    """

    _outcomes = ("true_positives", "false_negatives")
