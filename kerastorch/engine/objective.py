"""Losses and metrics of a run as one accumulator that stays on the device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from kerastorch.runtime.device import exact_dtype

Path = tuple[Any, ...]


def at(structure: Any, path: Path) -> Any:
    """The part of a nested structure at a path.

    Example:
        >>> at({"a": [1, 2]}, ("a", 1))
        2
    """
    for key in path:
        structure = structure[key]
    return structure


class Metric(Protocol):
    """What the objective asks of a metric."""

    name: str

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any: ...
    def result(self) -> Any: ...
    def reset_state(self) -> Any: ...
    def synchronize(self, strategy: Any) -> Any: ...


class RunningMean:
    """The mean of a loss over all samples so far.

    The sum stays on the device, in float64 where the device has it: the figure does not depend on how the samples
    were split into batches.

    Args:
        name: Its name in the logs.

    Example:
        >>> mean = RunningMean("loss")
        >>> mean.add(torch.tensor(1.0), 3)
        >>> mean.add(torch.tensor(5.0), 1)
        >>> float(mean.result())
        2.0
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.total: Tensor | None = None
        self.count = 0.0

    def add(self, value: Tensor, weight: float) -> None:
        """Count the mean `value` of `weight` samples (or their values)."""
        value = value.detach()
        if value.dim():  # a loss that is not reduced, in evaluation
            value = value.mean()
        if self.total is None:
            self.total = torch.zeros((), dtype=exact_dtype(value.device), device=value.device)
        self.total.add_(value, alpha=weight)
        self.count += weight

    def update_state(self, value: Any, sample_weight: Any = None) -> None:
        """`add` under the name that metrics have."""
        self.add(torch.as_tensor(value), 1.0 if sample_weight is None else float(sample_weight))

    def result(self) -> Tensor:
        """The mean, on the device (0 before the first value)."""
        return torch.zeros(()) if self.total is None else self.total / max(self.count, 1e-12)

    def synchronize(self, strategy: Any) -> None:
        """Let it be the mean over the samples of all ranks."""
        total = self.total
        if total is None:  # this rank has counted nothing, the others may have
            total = torch.zeros((), dtype=exact_dtype(strategy.device), device=strategy.device)
        both = torch.stack([total, torch.full_like(total, self.count)])
        strategy.sum_([both])
        self.total, self.count = both[0], both[1].item()

    def state_dict(self) -> dict[str, Any]:
        """The sum and the count."""
        return {"total": self.total, "count": self.count}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        self.total, self.count = state["total"], state["count"]

    def reset_state(self) -> None:
        """Start again."""
        self.total, self.count = None, 0.0

    @property
    def variables(self) -> list[Any]:
        """The state, for those who look at metrics."""
        return [self.total, self.count]


@dataclass
class LossTerm:
    """The loss of one output.

    Attributes:
        function: (y_true, y_pred, sample_weight) -> scalar.
        weight: Its factor in the total, or None for 1.
        true, pred: Where its target and its output lie in the structures.
        tracker: Its own figure in the logs, where there are several outputs.
        value: The loss of the last batch, where there is a tracker.
        sums: Whether it is a sum over the rows, and not a mean.
    """

    function: Callable[..., Tensor]
    weight: float | None = None
    true: Path = ()
    pred: Path = ()
    tracker: RunningMean | None = None
    value: Tensor | None = None
    sums: bool = False


@dataclass
class MetricTerm:
    """A metric of one output.

    Attributes:
        metric: The metric.
        name: Its name in the logs.
        weighted: Whether sample weights count.
        true, pred: Where its target and its output lie.
    """

    metric: Metric
    name: str
    weighted: bool = False
    true: Path = ()
    pred: Path = ()


@dataclass
class Metrics:
    """All compiled metrics, updated as one (a custom `train_step` finds it among `model.metrics`)."""

    terms: Sequence[MetricTerm] = ()
    name: str = "compile_metrics"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch."""
        for term in self.terms:
            weight = _part(sample_weight, term.true) if term.weighted else None
            term.metric.update_state(at(y_true, term.true), at(y_pred, term.pred), sample_weight=weight)

    def result(self) -> dict[str, Any]:
        """name -> figure."""
        return {term.name: term.metric.result() for term in self.terms}

    def synchronize(self, strategy: Any) -> None:
        """Let all metrics be those of all ranks."""
        for term in self.terms:
            term.metric.synchronize(strategy)

    def reset_state(self) -> None:
        """Start again."""
        for term in self.terms:
            term.metric.reset_state()

    @property
    def variables(self) -> list[Any]:
        """The state of all metrics."""
        return [v for term in self.terms for v in getattr(term.metric, "variables", [])]


@dataclass
class Objective:
    """What a run minimises and reports.

    Attributes:
        losses: One term for each output that has a loss.
        metrics: The compiled metrics.
        tracker: The mean of the total loss.
        others: Metrics that the model holds itself: reset and reported, updated by their owner.
        whole: How many times larger the batch is than this rank's rows of it. Gradients and figures of the ranks are
            averaged by their rows: a sum over rows counts so many times as much.
    """

    losses: Sequence[LossTerm] = ()
    metrics: Metrics = field(default_factory=Metrics)
    tracker: RunningMean = field(default_factory=lambda: RunningMean("loss"))
    others: Sequence[Metric] = ()
    whole: float = 1.0

    def loss(self, y: Any, y_pred: Any, sample_weight: Any) -> Tensor | None:
        """The compiled loss of a batch: a scalar with gradients, or None when no loss was compiled.

        Args:
            y: Targets.
            y_pred: Outputs.
            sample_weight: Weights, or None.
        """
        total: Tensor | None = None
        for term in self.losses:
            weight = None if sample_weight is None else _part(sample_weight, term.true)
            value = term.function(at(y, term.true), at(y_pred, term.pred), weight)
            if term.sums and self.whole != 1.0:
                value = value * self.whole
            if term.tracker is not None:
                term.value = value.detach()
            if term.weight is not None:
                value = value * term.weight
            total = value if total is None else total + value
        return total

    def count(self, loss: Tensor, size: int) -> None:
        """Count the losses of a batch of `size` rows."""
        self.tracker.add(loss, size)
        for term in self.losses:
            if term.tracker is not None and term.value is not None:
                term.tracker.add(term.value, size)

    def synchronize(self, strategy: Any) -> None:
        """Let all figures be those of all ranks."""
        self.whole = 1.0
        for metric in self.all_metrics:
            metric.synchronize(strategy)

    @property
    def all_metrics(self) -> list[Any]:
        """The tracker, the trackers of single outputs, the compiled metrics, the model's own."""
        trackers = [t.tracker for t in self.losses if t.tracker is not None]
        compiled = [self.metrics] if self.metrics.terms else []
        return [self.tracker, *trackers, *compiled, *self.others]

    def results(self) -> Mapping[str, Any]:
        """name -> figure, on the device."""
        return {metric.name: metric.result() for metric in self.all_metrics}

    def reset(self) -> None:
        """Start again."""
        for metric in self.all_metrics:
            metric.reset_state()

    def to(self, device: torch.device) -> None:
        """Move the state of the metrics to a device."""
        for metric in (*(t.metric for t in self.metrics.terms), *self.others):
            move = getattr(metric, "to", None)
            if move is not None:
                move(device)


def _part(weights: Any, path: Path) -> Any:
    """The weights of one output: those at its path, or the common ones."""
    return at(weights, path) if isinstance(weights, (dict, list, tuple)) else weights
