"""Lowering the learning rate on a plateau: `keras.callbacks.ReduceLROnPlateau`."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerastorch.base import registry
from kerastorch.callbacks import console
from kerastorch.callbacks.callback import Logs
from kerastorch.callbacks.monitor_callback import MonitorCallback, check_number
from kerastorch.callbacks.optimizer_lr import get_lr, learning_rates, named_optimizers, set_lr


@registry.register("callbacks")
class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` when a value has stopped improving.

    It adds "learning_rate" to the epoch's logs.

    Args:
        monitor: The value's name.
        factor: What the rate is multiplied by, in [0, 1).
        patience: How many epochs without improvement are borne.
        verbose: 1 prints when the rate changes.
        mode: "min", "max", or "auto" (from the metric).
        min_delta: A change of less than this is no improvement.
        cooldown: How many epochs after a change are not counted.
        min_lr: The rate does not go below this.

    Raises:
        ValueError: An argument is not of these.

    Example:
        >>> from types import SimpleNamespace
        >>> plateau = ReduceLROnPlateau("loss", factor=0.5, patience=1)
        >>> plateau.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5)))
        >>> plateau.on_train_begin()
        >>> for epoch in range(2):
        ...     plateau.on_epoch_end(epoch, {"loss": 1.0})
        >>> plateau.model.optimizer.learning_rate
        0.25
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.factor = check_number(self, "factor", factor, below=1)
        self.min_lr = check_number(self, "min_lr", min_lr)
        self.patience = check_number(self, "patience", patience)
        self.verbose = verbose
        self.cooldown = check_number(self, "cooldown", cooldown)
        self.cooldown_counter = 0
        self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether the last change is so recent that epochs are not counted."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = None
        self.cooldown_counter = self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if isinstance(logs, dict):
            logs.update(learning_rates(self.model))
        current = self.monitored(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._reduce(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def _reduce(self, epoch: int) -> bool:
        return any([self._reduce_one(name, optimizer, epoch) for name, optimizer in named_optimizers(self.model)])

    def _reduce_one(self, name: str, optimizer: Any, epoch: int) -> bool:
        old = get_lr(optimizer)
        if not np.float32(old) > np.float32(self.min_lr):
            return False
        new = max(old * self.factor, self.min_lr)
        set_lr(optimizer, new)
        if self.verbose > 0:
            which = name.removeprefix("learning_rate").replace("_", " ", 1)
            console.write(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing{which} learning rate to {new}.\n")
        return True
