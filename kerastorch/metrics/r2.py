"""R², the coefficient of determination."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.losses.pairing import squeeze_or_expand_to_same_rank
from kerastorch.metrics._align import as_tensor
from kerastorch.metrics._late import LateMetric
from kerastorch.metrics.metric import register

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@register()
class R2Score(LateMetric):
    """1 - (sum of squared errors) / (sum of squared distances from the mean): 1 is perfect, 0 as good as the mean.

    Args:
        class_aggregation: How the columns' scores become one: "uniform_average", "variance_weighted_average", or None
            for one score a column.
        num_regressors: The number of independent predictors, for the adjusted score; 0 for the plain one. Where there
            are too few samples for the adjustment, the score is the plain one.
        name: The name in logs.
        dtype: The dtype of the result.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> metric = R2Score()
        >>> metric.update_state([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
        >>> metric.result()
        tensor(0.5714)
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in _AGGREGATIONS:
            raise errors.value_error(
                "`class_aggregation` of R2Score", expected=f"one of {_AGGREGATIONS}", received=class_aggregation
            )
        if isinstance(num_regressors, bool) or not isinstance(num_regressors, int) or num_regressors < 0:
            raise errors.value_error("`num_regressors` of R2Score", expected="an integer >= 0", received=num_regressors)
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable(dtype="float64", name="num_samples")

    def _build(self, width: int) -> None:
        self.squared_sum = self.add_variable((width,), dtype="float64", name="squared_sum")
        self.sum = self.add_variable((width,), dtype="float64", name="sum")
        self.total_mse = self.add_variable((width,), dtype="float64", name="residual")
        self.count = self.add_variable((width,), dtype="float64", name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Targets, shape (samples, columns).
            y_pred: Predictions of the same shape.
            sample_weight: Weights, shape (samples,) or that of the targets.
        """
        y_pred = as_tensor(y_pred)
        y_true, y_pred = squeeze_or_expand_to_same_rank(as_tensor(y_true, y_pred), y_pred)
        if y_pred.ndim != 2 or y_true.shape != y_pred.shape:
            raise errors.value_error(
                f"Targets and predictions of {self.name!r}",
                expected="two of one shape (samples, columns)",
                received=errors.Said(f"shapes {tuple(y_true.shape)} and {tuple(y_pred.shape)}"),
            )
        if not self._built:
            self._build(y_pred.shape[-1])
        if self.sum.device != y_pred.device:
            self.to(y_pred.device)
        kind = self.sum.dtype
        true, pred = y_true.to(kind), y_pred.to(kind)
        weight = as_tensor(1.0 if sample_weight is None else sample_weight, y_pred).to(kind)
        weight = (weight.unsqueeze(1) if weight.ndim == 1 else weight).broadcast_to(true.shape)
        self.sum.add_((true * weight).sum(0))
        self.squared_sum.add_((true * true * weight).sum(0))
        self.total_mse.add_(((true - pred).square() * weight).sum(0))
        self.count.add_(weight.sum(0))
        self.num_samples.add_(true.numel())

    def result(self) -> Tensor:
        """The score, one a column with `class_aggregation=None`."""
        if not self._built:
            return torch.zeros((), dtype=self._torch_dtype)
        total = self.squared_sum - self.sum * (self.sum / self.count)
        score = 1 - self.total_mse / total
        score = torch.where(score.isinf(), 0.0, score)
        if self.class_aggregation == "uniform_average":
            score = score.mean()
        elif self.class_aggregation == "variance_weighted_average":
            score = (total * score).sum() / total.sum()
        if self.num_regressors:
            left = self.num_samples - self.num_regressors - 1
            score = torch.where(left > 0, 1 - (1 - score) * (self.num_samples - 1) / left, score)
        return score.to(self._torch_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **config}
