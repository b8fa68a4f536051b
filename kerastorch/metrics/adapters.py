"""Metrics and losses of torch's world as metrics of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import errors, naming
from kerastorch.metrics._align import as_tensor
from kerastorch.metrics.metric import Metric
from kerastorch.metrics.reduction import Mean


def is_torchmetric(value: Any) -> bool:
    """Whether `value` behaves like a torchmetrics metric: a module with `update`, `compute` and `reset`."""
    return isinstance(value, nn.Module) and all(hasattr(value, m) for m in ("update", "compute", "reset"))


def is_torch_loss(value: Any) -> bool:
    """Whether `value` is a loss module or function of torch, which takes `(input, target)`."""
    if isinstance(value, nn.Module):
        return True
    return callable(value) and str(getattr(value, "__module__", "")).startswith("torch")


def torch_target(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Class numbers of shape (N, 1) as torch wants them, (N,); other targets as they are."""
    column = y_true.ndim == y_pred.ndim and y_true.shape[-1:] == (1,) and y_pred.shape[-1] > 1
    return y_true.squeeze(-1) if column else y_true


class TorchMetricsAdapter(Metric):
    """A torchmetrics object (anything with `update`, `compute`, `reset`) with the methods of a Keras metric.

    Args:
        metric: The object; its `update` gets `(predictions, labels)`.
        name: The name in logs; made from the class name when missing.

    Raises:
        TypeError: `metric` lacks one of the methods.

    Example:
        >>> class Count(nn.Module):
        ...     seen = 0
        ...     def update(self, preds, target): self.seen += len(preds)
        ...     def compute(self): return torch.tensor(self.seen)
        ...     def reset(self): self.seen = 0
        >>> metric = TorchMetricsAdapter(Count())
        >>> metric.update_state(torch.zeros(3), torch.zeros(3))
        >>> metric.name, metric.result()
        ('count', tensor(3))
    """

    def __init__(self, metric: nn.Module, name: str | None = None) -> None:
        if not is_torchmetric(metric):
            raise errors.type_error(
                "`metric` of TorchMetricsAdapter",
                expected="a module with `update(preds, target)`, `compute()` and `reset()`",
                received=metric,
            )
        super().__init__(name=name or naming.to_snake_case(type(metric).__name__))
        self.metric: Any = metric
        for part in self._parts().values():  # figures may be read on one rank alone; `synchronize` is for all
            part.sync_on_compute = part._to_sync = part._should_unsync = False

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Labels; class numbers of shape (N, 1) are handed on as (N,).
            y_pred: Predictions.
            sample_weight: Must be None.

        Raises:
            ValueError: There are sample weights, which `update` has no place for.
        """
        if sample_weight is not None:
            raise errors.value_error(
                f"Metric {self.name!r}",
                expected="no sample weights: `update(preds, target)` of torchmetrics takes none",
                received=sample_weight,
                remedy="Pass it in `metrics`, not in `weighted_metrics`.",
            )
        y_pred = as_tensor(y_pred)
        self.metric.update(y_pred, torch_target(as_tensor(y_true, y_pred), y_pred))

    def result(self) -> Any:
        """What `compute()` gives: a tensor or a dict of tensors; zeros before the first batch."""
        parts = self._parts()
        if not all(getattr(part, "update_called", True) for part in parts.values()):
            zeros = {key.removesuffix("."): torch.zeros(()) for key in parts}
            return zeros.get("", zeros)
        return self.metric.compute()

    @property
    def combines(self) -> bool:
        """Whether the state of several ranks can be made one: the object has torchmetrics's `sync`."""
        return all(hasattr(part, "sync") for part in self._parts().values())

    def synchronize(self, strategy: Any) -> None:
        """Let the state be that of all ranks, as the metric itself combines it."""

        def gather(value: Tensor, group: Any = None) -> list[Tensor]:
            found = strategy.gather(value)
            filled = [v for v in found if v.numel()] or found  # a rank without rows has nothing, and of no shape
            return [v.to(value.device) for v in filled]

        for part in self._parts().values():
            if strategy.world_size > 1:
                part.sync(dist_sync_fn=gather, distributed_available=lambda: True)
                part._computed, part._update_count = None, part._update_count + 1  # this rank may have had no rows

    def reset_state(self) -> None:
        """Forget every batch."""
        for part in self._parts().values():
            if getattr(part, "_is_synced", False):
                part.unsync()
        self.metric.reset()

    def to(self, device: Any) -> TorchMetricsAdapter:
        """Move the state to a device."""
        self.metric.to(device)
        return self

    def state_dict(self) -> dict[str, Tensor]:
        """The accumulated tensors by name, and how often `update` was called."""
        state: dict[str, Any] = {}
        for key, metric in self._parts().items():
            state.update({f"{key}{name}": value for name, value in getattr(metric, "metric_state", {}).items()})
            state[f"{key}_update_count"] = torch.tensor(getattr(metric, "_update_count", 0))
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the state from what `state_dict` returned."""
        for key, metric in self._parts().items():
            for name in getattr(metric, "metric_state", {}):
                setattr(metric, name, state[f"{key}{name}"])
            metric._update_count = int(state[f"{key}_update_count"])
            metric._computed = None

    def _parts(self) -> dict[str, Any]:
        """The single metrics of a collection, or the metric itself."""
        inside = self.metric.items() if hasattr(self.metric, "items") else ()
        return {f"{key}.": value for key, value in inside} or {"": self.metric}

    def get_config(self) -> dict[str, Any]:
        """Refused: an object of another library has no config.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            errors.message(
                f"Config of {self.name!r}",
                expected="a metric of this library",
                received=self.metric,
                remedy="Compile the loaded model again with this metric.",
            )
        )


class TorchLossMetric(Mean):
    """The mean over samples of a torch loss, module or function, which takes `(input, target)`.

    A loss that gives the batch's mean is weighted by the batch's size, so that the figure is the same under any split.

    Args:
        function: The loss.
        name: The name in logs.

    Example:
        >>> metric = TorchLossMetric(nn.MSELoss(), name="mse")
        >>> metric.update_state(torch.zeros(2, 1), torch.ones(2, 1))
        >>> metric.update_state(torch.zeros(1, 1), torch.zeros(1, 1))
        >>> metric.result()
        tensor(0.6667)
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        super().__init__(name=name)
        self._function = function

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions, shape (samples, ...).
            sample_weight: Weights of the values of a loss with `reduction="none"`; else must be None.

        Raises:
            ValueError: There are weights, and the loss gives one number a batch.
        """
        y_pred = as_tensor(y_pred)
        values = self._function(y_pred, torch_target(as_tensor(y_true, y_pred), y_pred))
        if values.ndim == 0 and sample_weight is not None:
            raise errors.value_error(
                f"Metric {self.name!r}",
                expected="one value a sample, to weight them",
                received=values,
                remedy='Make the loss with reduction="none", or pass it in `metrics`, not in `weighted_metrics`.',
            )
        super().update_state(values if values.ndim else values.expand(len(y_pred)), sample_weight)
