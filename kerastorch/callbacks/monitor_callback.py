"""The base of callbacks that watch one quantity."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Collection, Iterator
from typing import Any

from kerastorch.base import errors
from kerastorch.callbacks.callback import Callback, Logs


class MonitorCallback(Callback):
    """Watches one value of the logs and knows what counts as better.

    A base class for `EarlyStopping`, `ReduceLROnPlateau` and `ModelCheckpoint`.

    Args:
        monitor: The name of the quantity.
        mode: "min" or "max"; "auto" takes it from the metric of that name (a loss is minimised).
        baseline: The first best value; None lets the first value be the best.
        min_delta: A change of less than this is no improvement.

    Raises:
        ValueError: `mode` or `min_delta` is not of these.

    Example:
        >>> callback = MonitorCallback("loss", min_delta=0.1)
        >>> callback.is_improvement(0.5, None), callback.is_improvement(0.45, 0.5)
        (True, False)
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise errors.value_error(
                f"`mode` of {type(self).__name__}", expected="'auto', 'min' or 'max'", received=mode
            )
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(check_number(self, "min_delta", min_delta, least=-math.inf))
        self._better: Callable[[Any, Any], bool] | None = None
        self._will_come = False

    def validate_monitors(self, available: Collection[str]) -> None:
        """Refuse a monitored name that no epoch's logs will have."""
        self.refuse_unknown(self.monitor, available, "`monitor`")
        self._will_come = True

    def refuse_unknown(self, name: str, available: Collection[str], subject: str) -> None:
        """Raise unless `name` is among the names of the logs."""
        if name in available or name.startswith("learning_rate"):
            return
        hint = errors.did_you_mean(name, available)
        if name.startswith("val_") and not any(other.startswith("val_") for other in available):
            hint = "Pass `validation_data` or `validation_split` to fit, or monitor a training value."
        raise errors.value_error(
            f"{subject} of {type(self).__name__}",
            expected=f"a value that this run will have ({', '.join(sorted(available))})",
            received=name,
            remedy=hint,
        )

    def monitored(self, logs: Logs | None) -> Any | None:
        """The monitored value, or None (with a warning, unless it is known to come in other epochs)."""
        value = (logs or {}).get(self.monitor)
        if value is None and not self._will_come:
            warnings.warn(
                f"{type(self).__name__} monitors {self.monitor!r}, which this epoch does not have. "
                f"Available: {', '.join(logs or {})}.",
                stacklevel=3,
            )
        return value

    def is_improvement(self, value: Any, reference: Any | None) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`.

        Raises:
            ValueError: `mode` is "auto" and nothing says which direction is better.
        """
        if self._better is None:  # not before: the model's metrics are built in the first epoch
            self._better = self._direction()
        if reference is None:
            return True
        delta = self.min_delta if self._better is operator.gt else -self.min_delta
        return bool(self._better(value - delta, reference))

    def _direction(self) -> Callable[[Any, Any], bool]:
        name = self.monitor.removeprefix("val_")
        upwards = self.mode == "max"
        if self.mode == "auto":
            found = next((up for metric, up in _directions(self.model) if metric == name), None)
            if found is None and name != "loss" and not name.endswith("_loss"):
                raise errors.value_error(
                    f"`mode` of {type(self).__name__} monitoring {self.monitor!r}",
                    expected="'min' or 'max', since it cannot be told from the metric",
                    received="auto",
                )
            upwards = bool(found)
        return operator.gt if upwards else operator.lt


def _directions(model: Any) -> Iterator[tuple[str, bool]]:
    """The names that the model's metrics have in the logs, of those that say whether higher is better."""
    pending: list[tuple[str | None, Any]] = [(None, m) for m in getattr(model, "metrics", None) or ()]
    while pending:
        name, metric = pending.pop(0)
        pending += [(term.name, term.metric) for term in getattr(metric, "terms", ())]
        pending += [(None, inner) for inner in _inner_metrics(metric)]
        up = _higher_is_better(metric)
        if up is not None:
            yield name or str(getattr(metric, "name", type(metric).__name__.lower())), up


def _inner_metrics(metric: Any) -> list[Any]:
    inner = getattr(metric, "metrics", None)
    return list(inner) if isinstance(inner, (list, tuple)) else []


def _higher_is_better(metric: Any) -> bool | None:
    """Keras's word for it, or that of torchmetrics, whose metrics may stand inside one of ours."""
    direction = getattr(metric, "_direction", None)
    if direction is not None:
        return bool(direction == "up")
    wrapped = getattr(getattr(metric, "metric", metric), "higher_is_better", None)
    return None if wrapped is None else bool(wrapped)


def check_number(callback: Any, name: str, value: Any, least: float = 0, below: float = math.inf) -> Any:
    """`value` itself, when it is a number with `least <= value < below`.

    Raises:
        ValueError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value < below:
        bounds = "" if least == -math.inf else f" >= {least}" if below == math.inf else f" in [{least}, {below})"
        raise errors.value_error(f"`{name}` of {type(callback).__name__}", expected=f"a number{bounds}", received=value)
    return value
