"""The progress display of a run: `keras.callbacks.ProgbarLogger`."""

from __future__ import annotations

import math
from time import monotonic
from typing import Any

from kerastorch import config
from kerastorch.base import errors, registry
from kerastorch.callbacks import console
from kerastorch.callbacks.callback import Callback, Logs
from kerastorch.callbacks.progbar import Progbar

# Seconds between two redraws. A redraw reads the logs, and that waits for the device.
INTERVAL = 0.1


def resolve_verbose(verbose: int | str) -> int:
    """What "auto" means here and now: 1 in a terminal or a notebook, else 2.

    Args:
        verbose: 0, 1, 2 or "auto".

    Raises:
        ValueError: It is something else.

    Example:
        >>> resolve_verbose(2), resolve_verbose(True)
        (2, 1)
    """
    if verbose == "auto":
        return 1 if config.is_interactive_logging_enabled() and console.updates_in_place() else 2
    if verbose not in (0, 1, 2):
        raise errors.value_error("`verbose`", expected="0, 1, 2 or 'auto'", received=verbose)
    return int(verbose)


@registry.register("callbacks")
class ProgbarLogger(Callback):
    """Shows how a run goes: a bar that is redrawn at most ten times a second, or a line an epoch.

    `fit`, `evaluate` and `predict` add one unless `verbose=0`. Between redraws a batch costs one look at the clock;
    the logs are not read.

    Example:
        >>> logger = ProgbarLogger()
        >>> logger.set_params({"verbose": 2, "epochs": 3, "steps": 10})
        >>> logger.on_epoch_begin(0)
        Epoch 1/3
    """

    rank_zero_only = True

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.target: int | None = None
        self.verbose = 1
        self.epochs = 1
        self.progbar: Progbar | None = None
        self._in_fit = False
        self._next_draw = math.inf

    def set_params(self, params: dict[str, Any]) -> None:
        """Take "verbose" (0, 1, 2, "auto"), "epochs" and "steps" (None when unknown)."""
        super().set_params(params)
        self.verbose = resolve_verbose(params.get("verbose", "auto"))
        self.epochs = params.get("epochs") or 1
        self.target = params.get("steps")

    def state_dict(self) -> dict[str, Any]:
        return {}  # a bar of another process

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True  # a validation inside `fit` shows no bar of its own

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._begin()
        if self.verbose and self.epochs > 1:
            console.write(f"Epoch {epoch + 1}/{self.epochs}\n")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.seen = batch + 1
        if monotonic() >= self._next_draw:
            self._draw(logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._end(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._begin()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._in_fit:
            return
        self.seen = batch + 1
        if monotonic() >= self._next_draw:
            self._draw(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._end(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.seen = batch + 1
        if monotonic() >= self._next_draw:
            self._draw(None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._end(logs)

    def _begin(self) -> None:
        self.seen = 0
        # Values over the epoch so far are shown as they are: nothing is averaged here.
        self.progbar = Progbar(self.target, verbose=self.verbose, interval=0.0, stateless_metrics=())
        self._next_draw = 0.0 if self.verbose == 1 and console.updates_in_place() else math.inf

    def _draw(self, logs: Logs | None) -> None:
        if self.progbar is not None:
            self.progbar.update(self.seen, sorted(logs.items()) if logs else (), finalize=False)
        self._next_draw = monotonic() + INTERVAL

    def _end(self, logs: Logs | None) -> None:
        self._next_draw = math.inf
        if self.progbar is None:
            return
        if self.target is None:  # now it is known, and later epochs show a bar
            self.target = self.progbar.target = self.seen
        self.progbar.update(self.seen or self.target, logs.items() if logs else (), finalize=True)
        self.progbar = None
