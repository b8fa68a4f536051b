"""F scores: the harmonic mean of precision and recall."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch import config
from kerastorch.base import errors
from kerastorch.metrics._align import as_tensor
from kerastorch.metrics._late import LateMetric
from kerastorch.metrics.metric import register

_AVERAGES = (None, "micro", "macro", "weighted")


@register("fbeta_score")
class FBetaScore(LateMetric):
    """(1 + beta^2) * precision * recall / (beta^2 * precision + recall).

    Args:
        average: None gives one score a class, "micro" counts all classes together, "macro" averages the classes'
            scores, "weighted" does so by how often a class occurs.
        beta: How much more recall weighs than precision, a float > 0.
        threshold: What is larger counts as positive; None takes the largest score of a sample.
        name: The name in logs.
        dtype: The dtype of the result.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> metric = FBetaScore(beta=2.0, threshold=0.5)
        >>> metric.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
        >>> metric.result()
        tensor([0.3846, 0.9091, 0.8333])
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        kind = type(self).__name__
        if average not in _AVERAGES:
            raise errors.value_error(
                f"`average` of {kind}", expected="None, 'micro', 'macro' or 'weighted'", received=average
            )
        if not isinstance(beta, float) or beta <= 0:
            raise errors.value_error(f"`beta` of {kind}", expected="a float > 0", received=beta)
        if threshold is not None and (not isinstance(threshold, float) or not 0 < threshold <= 1):
            raise errors.value_error(f"`threshold` of {kind}", expected="a float in (0, 1] or None", received=threshold)
        self.average, self.beta, self.threshold = average, beta, threshold

    def _build(self, width: int) -> None:
        shape = () if self.average == "micro" else (width,)
        self.true_positives = self.add_variable(shape, dtype="float64", name="true_positives")
        self.false_positives = self.add_variable(shape, dtype="float64", name="false_positives")
        self.false_negatives = self.add_variable(shape, dtype="float64", name="false_negatives")
        self.intermediate_weights = self.add_variable(shape, dtype="float64", name="intermediate_weights")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Labels 0 or 1, shape (samples, classes).
            y_pred: Scores of the same shape.
            sample_weight: Weights, shape (samples,).
        """
        y_pred = as_tensor(y_pred)
        y_true = as_tensor(y_true, y_pred)
        if y_pred.ndim != 2 or y_true.shape != y_pred.shape:
            raise errors.value_error(
                f"Labels and predictions of {self.name!r}",
                expected="two of one shape (samples, classes)",
                received=errors.Said(f"shapes {tuple(y_true.shape)} and {tuple(y_pred.shape)}"),
            )
        if not self._built:
            self._build(y_pred.shape[-1])
        if self.true_positives.device != y_pred.device:
            self.to(y_pred.device)
        if self.threshold is None:
            found = (y_pred >= y_pred.amax(-1, keepdim=True)) & (y_pred.abs() > 1e-9)
        else:
            found = y_pred > self.threshold
        kind = self.true_positives.dtype
        found, true = found.to(kind), y_true.to(kind)
        weight = None if sample_weight is None else as_tensor(sample_weight, y_pred).to(kind).unsqueeze(1)
        self.true_positives.add_(self._summed(found * true, weight))
        self.false_positives.add_(self._summed(found * (1 - true), weight))
        self.false_negatives.add_(self._summed((1 - found) * true, weight))
        self.intermediate_weights.add_(self._summed(true, weight))

    def _summed(self, values: Tensor, weight: Tensor | None) -> Tensor:
        values = values if weight is None else values * weight
        return values.sum() if self.average == "micro" else values.sum(0)

    def result(self) -> Tensor:
        """The score, one a class with `average=None`; 0 before the first batch."""
        if not self._built:
            return torch.zeros((), dtype=self._torch_dtype)
        epsilon = config.epsilon()
        tp = self.true_positives
        precision = tp / (tp + self.false_positives + epsilon)
        recall = tp / (tp + self.false_negatives + epsilon)
        square = self.beta**2
        score = (1 + square) * precision * recall / (square * precision + recall + epsilon)
        if self.average == "weighted":
            occurring = self.intermediate_weights
            score = (score * occurring / (occurring.sum() + epsilon)).sum()
        elif self.average is not None:
            score = score.mean()
        return score.to(self._torch_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **config}


@register()
class F1Score(FBetaScore):
    """2 * precision * recall / (precision + recall).

    Args:
        average: None, "micro", "macro" or "weighted", as for `FBetaScore`.
        threshold: What is larger counts as positive; None takes the largest score of a sample.
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = F1Score(threshold=0.5)
        >>> metric.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
        >>> metric.result()
        tensor([0.5000, 0.8000, 0.6667])
    """

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str = "f1_score", dtype: Any = None
    ) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["beta"]
        return config
