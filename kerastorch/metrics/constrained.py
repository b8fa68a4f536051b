"""The best of one rate where another reaches a given value."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.metrics._align import divide_no_nan
from kerastorch.metrics._thresholds import ThresholdMetric, spread
from kerastorch.metrics.metric import register


class _Constrained(ThresholdMetric):
    """The base of the four; `_argument` names the constraint, `_rates` the (constrained, best) pair of rates."""

    _direction = "up"
    _argument: str
    _rates: tuple[str, str]

    def __init__(
        self,
        value: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        kind = type(self).__name__
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise errors.value_error(f"`{self._argument}` of {kind}", expected="a number in [0, 1]", received=value)
        if not isinstance(num_thresholds, int) or num_thresholds < 1:
            raise errors.value_error(f"`num_thresholds` of {kind}", expected="an integer >= 1", received=num_thresholds)
        super().__init__(name=name, dtype=dtype)
        self.value, self.num_thresholds, self.class_id = value, num_thresholds, class_id
        setattr(self, self._argument, value)
        self._set_thresholds([0.5] if num_thresholds == 1 else spread(num_thresholds))
        self._make_counts((len(self.thresholds),))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Labels 0 or 1.
            y_pred: Scores of the same shape.
            sample_weight: Weights, of a shape that is a prefix of theirs.
        """
        self._count(y_true, y_pred, sample_weight, class_id=self.class_id)

    def _rate(self, name: str) -> Tensor:
        parts: dict[str, tuple[Tensor, Tensor]] = {
            "sensitivity": (self.true_positives, self.false_negatives),  # type: ignore[attr-defined]
            "specificity": (self.true_negatives, self.false_positives),  # type: ignore[attr-defined]
            "precision": (self.true_positives, self.false_positives),  # type: ignore[attr-defined]
        }
        hits, misses = parts[name]
        return divide_no_nan(hits, hits + misses)

    def result(self) -> Tensor:
        """The best rate among the thresholds that meet the constraint; 0 where none does."""
        constrained, best = (self._rate(name).float() for name in self._rates)
        return torch.where(constrained >= self.value, best, 0.0).max().to(self._torch_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {"num_thresholds": self.num_thresholds, self._argument: self.value, "class_id": self.class_id}
        return {**super().get_config(), **config}


@register()
class SensitivityAtSpecificity(_Constrained):
    """The best share of positives found where at least the given share of negatives is left alone.

    Args:
        specificity: The constraint, in [0, 1].
        num_thresholds: How many thresholds are tried, from 0 to 1.
        class_id: The one column that counts; default all.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = SensitivityAtSpecificity(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        >>> metric.result()
        tensor(0.5000)
    """

    _argument = "specificity"
    _rates = ("specificity", "sensitivity")

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


@register()
class SpecificityAtSensitivity(_Constrained):
    """The best share of negatives left alone where at least the given share of positives is found.

    Args:
        sensitivity: The constraint, in [0, 1].
        num_thresholds: How many thresholds are tried, from 0 to 1.
        class_id: The one column that counts; default all.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = SpecificityAtSensitivity(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        >>> metric.result()
        tensor(0.6667)
    """

    _argument = "sensitivity"
    _rates = ("sensitivity", "specificity")

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


@register()
class PrecisionAtRecall(_Constrained):
    """The best precision where at least the given share of positives is found.

    Args:
        recall: The constraint, in [0, 1].
        num_thresholds: How many thresholds are tried, from 0 to 1.
        class_id: The one column that counts; default all.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = PrecisionAtRecall(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        >>> metric.result()
        tensor(0.5000)
    """

    _argument = "recall"
    _rates = ("sensitivity", "precision")

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


@register()
class RecallAtPrecision(_Constrained):
    """The best share of positives found where the precision is at least the given one.

    Args:
        precision: The constraint, in [0, 1].
        num_thresholds: How many thresholds are tried, from 0 to 1.
        class_id: The one column that counts; default all.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = RecallAtPrecision(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        >>> metric.result()
        tensor(1.)
    """

    _argument = "precision"
    _rates = ("precision", "sensitivity")

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
