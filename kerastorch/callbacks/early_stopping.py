"""Stopping when nothing gets better: `keras.callbacks.EarlyStopping`."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor

from kerastorch.base import registry
from kerastorch.callbacks import console
from kerastorch.callbacks.callback import Logs
from kerastorch.callbacks.monitor_callback import MonitorCallback, check_number


@registry.register("callbacks")
class EarlyStopping(MonitorCallback):
    """Stops `fit` when a monitored value has stopped improving.

    Args:
        monitor: The value's name.
        min_delta: A change of less than this is no improvement.
        patience: How many epochs without improvement are borne.
        verbose: 1 prints when it stops and when it restores.
        mode: "min", "max", or "auto" (from the metric).
        baseline: The value that must be beaten for an improvement to reset the patience.
        restore_best_weights: Whether to end with the weights of the best epoch. They are kept where the model is, as
            one copy of its `state_dict`.
        start_from_epoch: How many epochs pass before anything is monitored.

    Raises:
        ValueError: An argument is not of these.

    Example:
        >>> from types import SimpleNamespace
        >>> stopping = EarlyStopping("loss", patience=1)
        >>> stopping.set_model(SimpleNamespace(stop_training=False))
        >>> stopping.on_train_begin()
        >>> for epoch, loss in enumerate([0.5, 0.6]):
        ...     stopping.on_epoch_end(epoch, {"loss": loss})
        >>> stopping.model.stop_training, stopping.best_epoch
        (True, 0)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = check_number(self, "patience", patience)
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = check_number(self, "start_from_epoch", start_from_epoch)
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best_weights: dict[str, Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self.monitored(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        improved = self.is_improvement(current, self.best)
        if improved or (self.restore_best_weights and self.best_weights is None):
            self._keep(epoch)  # the first epoch's in any case: NaN is never an improvement
        if improved:
            self.best = current
            if self.baseline is None or self.is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            console.write(f"Epoch {self.stopped_epoch + 1}: early stopping\n")
        if self.best_weights is not None:
            if self.verbose > 0:
                console.write(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.\n")
            self.model.load_state_dict(self.best_weights)

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if not self.restore_best_weights:
            return
        state = self.model.state_dict()
        kept = self.best_weights or {}
        self.best_weights = {name: _copy(value, kept.get(name)) for name, value in state.items()}


def _copy(value: Any, into: Any) -> Any:
    """A copy of a state's value, in the memory of the last copy where that fits."""
    if not isinstance(value, Tensor):
        return copy.deepcopy(value)
    if isinstance(into, Tensor) and (into.shape, into.dtype, into.device) == (value.shape, value.dtype, value.device):
        return into.copy_(value.detach())
    return value.detach().clone()
