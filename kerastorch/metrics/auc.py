"""The area under the ROC or the precision-recall curve."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch import config
from kerastorch.base import errors
from kerastorch.metrics._align import as_tensor, divide_no_nan
from kerastorch.metrics._late import LateMetric
from kerastorch.metrics._thresholds import ThresholdMetric, spread
from kerastorch.metrics.metric import register

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMS = ("interpolation", "majoring", "minoring")


def _choice(argument: str, value: Any, known: tuple[str, ...]) -> str:
    found = next((k for k in known if str(value).lower() == k.lower()), None)
    if found is None:
        raise errors.unknown_name(f"`{argument}` of AUC", value, known)
    return found


@register()
class AUC(LateMetric, ThresholdMetric):
    """The area under the ROC or precision-recall curve, from counts at many thresholds.

    Args:
        num_thresholds: How many thresholds, the ends included; the more, the closer to the true area.
        curve: "ROC", "PR", or "PRGAIN" (precision-recall-gain, Flach & Kull 2015).
        summation_method: "interpolation" (trapezes; for "PR" between precisions, Davis & Goadrich 2006), "minoring" or
            "majoring" (the lower or upper step).
        name: The name in logs.
        dtype: The dtype of the result.
        thresholds: The thresholds between the ends, in [0, 1], instead of evenly spaced ones.
        multi_label: Whether each column is a problem of its own, the areas of which are averaged.
        num_labels: How many columns, with `multi_label`; otherwise seen from the first batch.
        label_weights: The columns' weights.
        from_logits: Whether predictions are scores before the sigmoid.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> metric = AUC(num_thresholds=3)
        >>> metric.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        >>> metric.result()
        tensor(0.7500)
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve = _choice("curve", curve, _CURVES)
        self.summation_method = _choice("summation_method", summation_method, _SUMS)
        self._given_thresholds = None if thresholds is None else sorted(float(t) for t in thresholds)
        inner = self._given_thresholds
        if inner is None:
            if isinstance(num_thresholds, bool) or not isinstance(num_thresholds, int) or num_thresholds < 2:
                raise errors.value_error("`num_thresholds` of AUC", expected="an integer >= 2", received=num_thresholds)
            inner = spread(num_thresholds)[1:-1]
        elif any(not 0 <= t <= 1 for t in inner):
            raise errors.value_error("`thresholds` of AUC", expected="numbers in [0, 1]", received=thresholds)
        self.num_thresholds = len(inner) + 2
        # The ends lie a little outside, so that scores of exactly 0 and 1 fall between them.
        self._set_thresholds([-config.epsilon(), *inner, 1.0 + config.epsilon()])
        if num_labels and not multi_label:
            raise errors.value_error(
                "`num_labels` of AUC", expected="None without `multi_label=True`", received=num_labels
            )
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = None if label_weights is None else as_tensor(np.asarray(label_weights, dtype="float32"))
        self._from_logits = from_logits
        if num_labels or not multi_label:
            self._build(num_labels or 1)

    def _build(self, width: int) -> None:
        self._make_counts((self.num_thresholds, width) if self.multi_label else (self.num_thresholds,))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Labels 0 or 1.
            y_pred: Scores of the same shape; (samples, labels) with `multi_label`.
            sample_weight: Weights, of a shape that is a prefix of theirs.
        """
        y_pred = as_tensor(y_pred)
        if not self._built:
            if y_pred.ndim != 2:
                raise errors.value_error(
                    f"`y_pred` of {self.name!r}", expected="shape (samples, labels) with `multi_label`", received=y_pred
                )
            self._build(y_pred.shape[-1])
        y_pred = y_pred.sigmoid() if self._from_logits else y_pred
        weights = None if self.multi_label else self.label_weights
        self._count(y_true, y_pred, sample_weight, multi_label=self.multi_label, label_weights=weights)

    def result(self) -> Tensor:
        """The area, shape (); 0 before the first batch."""
        if not self._built:
            return torch.zeros((), dtype=self._torch_dtype)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._averaged(self._interpolated_pr())
        x, y = self._curve()
        heights = {
            "interpolation": lambda: (y[:-1] + y[1:]) / 2,
            "minoring": lambda: torch.minimum(y[:-1], y[1:]),
            "majoring": lambda: torch.maximum(y[:-1], y[1:]),
        }[self.summation_method]()
        return self._averaged((x[:-1] - x[1:]) * heights)

    def _outcome_counts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        tp, fp, tn, fn = (getattr(self, name).detach() for name in self._outcomes)
        return tp, fp, tn, fn

    def _curve(self) -> tuple[Tensor, Tensor]:
        """The curve's points, one a threshold."""
        tp, fp, tn, fn = self._outcome_counts()
        recall = divide_no_nan(tp, tp + fn)
        if self.curve == "ROC":
            return divide_no_nan(fp, fp + tn), recall
        if self.curve == "PR":
            return recall, divide_no_nan(tp, tp + fp)
        scale = divide_no_nan(tp + fn, tn + fp)
        recall_gain = torch.where(tp == 0, 0.0, 1.0 - scale * divide_no_nan(fn, tp))
        precision_gain = torch.where(tp == 0, 1.0, 1.0 - scale * divide_no_nan(fp, tp))
        return recall_gain.clamp(min=0.0), precision_gain

    def _interpolated_pr(self) -> Tensor:
        """Davis & Goadrich's areas between neighbouring points of the precision-recall curve."""
        tp, fp, _, fn = self._outcome_counts()
        p = tp + fp
        dtp, dp = tp[:-1] - tp[1:], p[:-1] - p[1:]
        slope = divide_no_nan(dtp, dp.clamp(min=0))
        intercept = tp[1:] - slope * p[1:]
        ratio = torch.where((p[:-1] > 0) & (p[1:] > 0), divide_no_nan(p[:-1], p[1:]), 1.0)
        return divide_no_nan(slope * (dtp + intercept * ratio.log()), (tp[1:] + fn[1:]).clamp(min=0))

    def _averaged(self, terms: Tensor) -> Tensor:
        areas = terms.sum(0)
        if self.multi_label:
            weights = None if self.label_weights is None else self.label_weights.to(areas)
            areas = areas.mean() if weights is None else divide_no_nan((areas * weights).sum(), weights.sum())
        return areas.to(self._torch_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        labels = None if self.label_weights is None else self.label_weights.tolist()
        arguments: dict[str, Any] = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": labels,
            "from_logits": self._from_logits,
        }
        if self._given_thresholds is not None:
            arguments["thresholds"] = self._given_thresholds
        return {**super().get_config(), **arguments}
