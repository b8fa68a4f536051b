"""True and false positives and negatives at many thresholds, counted in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch import config
from kerastorch.base import errors
from kerastorch.losses.pairing import squeeze_or_expand_to_same_rank
from kerastorch.metrics._align import as_tensor
from kerastorch.metrics.metric import Metric

NOTHING = -1e10  # the score of a prediction that is not among the top k


def parse(metric: str, thresholds: Any, default: float) -> list[float]:
    """A `thresholds` argument as a list.

    Raises:
        ValueError: One of them is outside [0, 1].
    """
    if thresholds is None:
        return [default]
    values = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    if not values or any(isinstance(t, (str, bool)) or t is None or not 0 <= t <= 1 for t in values):
        raise errors.value_error(f"`thresholds` of {metric}", expected="numbers in [0, 1]", received=thresholds)
    return values


def spread(count: int) -> list[float]:
    """`count` thresholds from 0 to 1 at even distances."""
    return [i / (count - 1) for i in range(count)]


def _even(thresholds: Sequence[float]) -> bool:
    even = np.arange(len(thresholds)) / max(len(thresholds) - 1, 1)
    return len(thresholds) > 2 and np.allclose(thresholds, even, atol=config.epsilon())


def _only_top_k(y_pred: Tensor, k: int) -> Tensor:
    top = y_pred.topk(k, dim=-1)
    return torch.full_like(y_pred, NOTHING).scatter(-1, top.indices, top.values)


class ThresholdMetric(Metric):
    """The base of metrics that count outcomes at thresholds (a score counts as positive above one).

    Subclasses hold some of the variables `true_positives`, `false_positives`, `true_negatives`, `false_negatives`,
    one number a threshold (and label).
    """

    _outcomes: tuple[str, ...] = ("true_positives", "false_positives", "true_negatives", "false_negatives")

    def _set_thresholds(self, thresholds: Sequence[float]) -> None:
        """Keep them sorted, as the counting needs them, and remember the user's order."""
        self.thresholds = list(thresholds)
        order = np.argsort(np.asarray(thresholds), kind="stable")
        self._places = None if (np.diff(order) > 0).all() else torch.from_numpy(np.argsort(order))
        self._edges = torch.tensor(np.asarray(thresholds, dtype="float32")[order])
        self._clips = _even(self.thresholds)  # Keras clips predictions to [0, 1] on its way for even thresholds

    def _make_counts(self, shape: Sequence[int]) -> None:
        for name in self._outcomes:
            setattr(self, name, self.add_variable(shape=shape, dtype="float64", name=name))

    def _count(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        multi_label: bool = False,
        label_weights: Tensor | None = None,
    ) -> None:
        """Add a batch to the variables."""
        y_pred = as_tensor(y_pred).float()
        y_true, y_pred = squeeze_or_expand_to_same_rank(as_tensor(y_true, y_pred), y_pred)
        weight = self._weights(y_true, y_pred, sample_weight, label_weights)
        if top_k is not None:
            y_pred = _only_top_k(y_pred, top_k)
        if class_id is not None:
            y_true, y_pred = y_true[..., class_id, None], y_pred[..., class_id, None]
            weight = weight[..., class_id, None]
        y_true, y_pred, weight = (t if multi_label else t.reshape(-1, 1) for t in (y_true, y_pred, weight))
        self._add_outcomes(y_true.bool(), y_pred, weight, multi_label)

    def _weights(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any, label_weights: Tensor | None) -> Tensor:
        """A float64 (float32 on mps) weight for every prediction."""
        first = getattr(self, self._outcomes[0])
        if first.device != y_pred.device:
            self.to(y_pred.device)
        weight = torch.ones((), dtype=first.dtype, device=y_pred.device)
        if sample_weight is not None:
            weight = as_tensor(sample_weight, y_pred).to(first.dtype).unsqueeze(-1)
            _, weight = squeeze_or_expand_to_same_rank(y_true, weight, expand_rank_1=False)
        if label_weights is not None:
            weight = weight * label_weights.to(weight)
        return weight.broadcast_to(y_pred.shape)

    def _add_outcomes(self, y_true: Tensor, y_pred: Tensor, weight: Tensor, multi_label: bool) -> None:
        """Sort scores (samples, labels) into the gaps between thresholds; sums from above are what lies above each."""
        self._edges = self._edges.to(y_pred.device)
        scores = y_pred.clamp(0, 1) if self._clips else y_pred
        gaps = torch.searchsorted(self._edges, scores.contiguous())
        empty = torch.zeros(len(self._edges) + 1, y_pred.shape[-1], dtype=weight.dtype, device=weight.device)
        for label, above, below in (
            (y_true, "true_positives", "false_negatives"),
            (~y_true, "false_positives", "true_negatives"),
        ):
            found = empty.scatter_add(0, gaps, weight * label).flip(0).cumsum(0).flip(0)
            for name, outcome in ((above, found[1:]), (below, found[0] - found[1:])):
                if name in self._outcomes:
                    getattr(self, name).add_(self._arranged(outcome if multi_label else outcome.squeeze(-1)))

    def _arranged(self, counts: Tensor) -> Tensor:
        return counts if self._places is None else counts[self._places.to(counts.device)]

    def _single(self, values: Tensor) -> Tensor:
        """One number for one threshold, else one a threshold."""
        return (values[0] if len(self.thresholds) == 1 else values).to(self._torch_dtype)
