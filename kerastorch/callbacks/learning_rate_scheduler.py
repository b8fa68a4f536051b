"""A learning rate for each epoch: `keras.callbacks.LearningRateScheduler`."""

from __future__ import annotations

import inspect
import math
import numbers
from collections.abc import Callable
from typing import Any

from kerastorch.base import errors, registry
from kerastorch.callbacks import console
from kerastorch.callbacks.callback import Callback, Logs
from kerastorch.callbacks.optimizer_lr import get_lr, learning_rates, named_optimizers, set_lr


@registry.register("callbacks")
class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch, and adds it to the epoch's logs.

    Args:
        schedule: `f(epoch, learning_rate)` or `f(epoch)`; `epoch` counts from 0. Returns the new rate.
        verbose: 1 prints the rate.

    Raises:
        TypeError: `schedule` is not callable.

    Example:
        >>> from types import SimpleNamespace
        >>> scheduler = LearningRateScheduler(lambda epoch, rate: rate / 2)
        >>> scheduler.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5)))
        >>> scheduler.on_epoch_begin(0)
        >>> scheduler.model.optimizer.learning_rate
        0.25
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise errors.type_error(
                "`schedule` of LearningRateScheduler", expected="a function of the epoch", received=schedule
            )
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for name, optimizer in named_optimizers(self.model):
            rate = self.schedule(epoch, get_lr(optimizer)) if self._takes_rate else self.schedule(epoch)
            if not isinstance(rate, numbers.Real) or isinstance(rate, bool) or not 0 <= float(rate) < math.inf:
                raise errors.value_error(
                    f"`schedule` of LearningRateScheduler at epoch {epoch}",
                    expected="a finite number >= 0 as its result",
                    received=rate,
                )
            set_lr(optimizer, float(rate))
            if self.verbose > 0:
                which = name.removeprefix("learning_rate").replace("_", "", 1)
                which = f"{which} " if which else ""
                console.write(f"\nEpoch {epoch + 1}: LearningRateScheduler setting {which}learning rate to {rate}.\n")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if isinstance(logs, dict):
            logs.update(learning_rates(self.model))


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether `function` can be called with two positional arguments (yes, where its signature is hidden)."""
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:
        return True
    return True
