"""`EarlyStopping`: training ends when a figure no longer improves."""

from __future__ import annotations

import math
import warnings
from typing import Any

import torch

from kerastorch.base import errors
from kerastorch.lightning.callbacks.callback import Callback

# Why it stopped, as a checkpoint notes it.
NOT_STOPPED, THRESHOLD, DIVERGED, PATIENCE, NOT_FINITE = range(5)


class EarlyStopping(Callback):
    """Ends training when a logged figure has not improved for a number of checks.

    Args:
        monitor: The figure's name.
        min_delta: What counts as an improvement.
        patience: Checks without one that are put up with.
        verbose: Whether it says why it stopped.
        mode: "min" or "max".
        strict: Whether it is an error that the figure is missing.
        check_finite: Whether a NaN or infinity ends training.
        stopping_threshold: A value that is good enough to end training.
        divergence_threshold: A value that is bad enough to end training.
        check_on_train_epoch_end: Whether the check is at the end of epochs, not of validations; default where
            there is one validation at each epoch's end.
        log_rank_zero_only: Accepted; the first process speaks.

    Raises:
        ValueError: `mode` or `patience` is wrong.

    Example:
        >>> EarlyStopping("val_loss", patience=2).state_key
        "EarlyStopping{'monitor': 'val_loss', 'mode': 'min'}"
    """

    monitors = True
    logs = False

    def __init__(
        self,
        monitor: str,
        min_delta: float = 0.0,
        patience: int = 3,
        verbose: bool = False,
        mode: str = "min",
        strict: bool = True,
        check_finite: bool = True,
        stopping_threshold: float | None = None,
        divergence_threshold: float | None = None,
        check_on_train_epoch_end: bool | None = None,
        log_rank_zero_only: bool = False,
    ) -> None:
        if mode not in ("min", "max"):
            raise errors.unknown_name("`mode` of EarlyStopping", mode, ["min", "max"])
        self.monitor, self.patience, self.verbose, self.mode, self.strict = monitor, patience, verbose, mode, strict
        self.min_delta, self.check_finite = abs(min_delta), check_finite
        self.stopping_threshold, self.divergence_threshold = stopping_threshold, divergence_threshold
        self.check_on_train_epoch_end = check_on_train_epoch_end
        self.wait_count = self.stopped_epoch = 0
        self.stopping_reason = NOT_STOPPED
        self.stopping_reason_message: str | None = None
        self.best_score = torch.tensor(math.inf if mode == "min" else -math.inf)

    @property
    def state_key(self) -> str:
        return self._key(monitor=self.monitor, mode=self.mode)

    def state_dict(self) -> dict[str, Any]:
        names = ("wait_count", "stopped_epoch", "best_score", "patience", "stopping_reason", "stopping_reason_message")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.__dict__.update(state_dict)

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if self.check_on_train_epoch_end is None:
            options = trainer.options
            self.check_on_train_epoch_end = options.val_check_interval == 1.0 and options.check_val_every_n_epoch == 1

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if self.check_on_train_epoch_end:
            self._check(trainer)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if not self.check_on_train_epoch_end and trainer.state.fn == "fit" and not trainer.sanity_checking:
            self._check(trainer)

    def _check(self, trainer: Any) -> None:
        figures = trainer.callback_metrics
        if trainer.fast_dev_run:
            return
        if self.monitor not in figures:
            missing(f"`monitor` of {type(self).__name__}", self.monitor, figures, self.strict)
            return
        why = self._why(float(figures[self.monitor]))
        if trainer.plan.strategy.any(why) is None:
            return
        trainer.should_stop, self.stopped_epoch = True, trainer.current_epoch
        if why is not None:
            self.stopping_reason, self.stopping_reason_message = why
            if self.verbose:
                trainer.print(why[1])

    def _why(self, current: float) -> tuple[int, str] | None:
        """The reason to stop, or None."""
        sign, best, name = (1 if self.mode == "max" else -1), float(self.best_score), self.monitor
        if self.check_finite and not math.isfinite(current):
            return NOT_FINITE, f"{name} is {current}: training ends. The best value was {best:.3f}."
        if self.stopping_threshold is not None and sign * current > sign * self.stopping_threshold:
            return THRESHOLD, f"{name} is {current:.3f}, past the threshold {self.stopping_threshold}: training ends."
        if self.divergence_threshold is not None and sign * current < sign * self.divergence_threshold:
            return DIVERGED, f"{name} is {current:.3f}, worse than {self.divergence_threshold}: training ends."
        if sign * current > sign * best + self.min_delta:
            self.best_score, self.wait_count = torch.tensor(current), 0
            return None
        self.wait_count += 1
        if self.wait_count < self.patience:
            return None
        return PATIENCE, f"{name} did not improve in {self.wait_count} checks: training ends. The best was {best:.3f}."


def missing(what: str, name: str, figures: Any, strict: bool) -> None:
    """Refuse a figure that was not logged, or warn where that is allowed.

    Raises:
        RuntimeError: `strict` is set.
    """
    text = errors.message(
        what,
        expected=f"one of the logged figures ({', '.join(figures) or 'none was logged'})",
        received=name,
        remedy=errors.did_you_mean(name, figures),
    )
    if strict:
        raise RuntimeError(text)
    warnings.warn(text, RuntimeWarning, stacklevel=3)
