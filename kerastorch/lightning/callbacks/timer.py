"""`Timer`: how long a run takes, and an end when it takes too long."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from kerastorch.base import errors
from kerastorch.lightning.callbacks.callback import Callback

_STAGES = {"train": "train", "validate": "validation", "test": "test"}


class Timer(Callback):
    """Takes the time of training, validation and tests.

    Args:
        duration: The time after which training ends: "DD:HH:MM:SS", a timedelta, or a dict for one.
        interval: Whether it is looked at after each "step" or "epoch".
        verbose: Whether it says that time is up.

    Raises:
        ValueError: `interval` is wrong.

    Example:
        >>> Timer("00:00:01:30").duration
        90.0
    """

    logs = False

    def __init__(self, duration: Any = None, interval: str = "step", verbose: bool = True) -> None:
        if interval not in ("step", "epoch"):
            raise errors.unknown_name("`interval` of Timer", interval, ["step", "epoch"])
        self.duration, self.interval, self.verbose = seconds(duration), interval, verbose
        self.begun: dict[str, float] = {}
        self.ended: dict[str, float] = {}
        self.offset = 0.0  # of a run that this one goes on with

    def start_time(self, stage: str = "train") -> float | None:
        """When a stage began, on the clock of `time.monotonic`."""
        return self.begun.get(_STAGES.get(stage, stage))

    def end_time(self, stage: str = "train") -> float | None:
        """When a stage ended."""
        return self.ended.get(_STAGES.get(stage, stage))

    def time_elapsed(self, stage: str = "train") -> float:
        """Seconds that a stage ("train", "validate", "test") has taken."""
        begun = self.start_time(stage)
        offset = self.offset if stage == "train" else 0.0
        return offset if begun is None else (self.end_time(stage) or time.monotonic()) - begun + offset

    def time_remaining(self, stage: str = "train") -> float | None:
        """Seconds that are left."""
        return None if self.duration is None else self.duration - self.time_elapsed(stage)

    def state_dict(self) -> dict[str, Any]:
        return {"time_elapsed": {"train": self.time_elapsed()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.offset = float(state_dict["time_elapsed"].get("train", 0.0))

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self._look(trainer)  # the time may have been up before, of a run that this one goes on with

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self.begun["train"] = time.monotonic()

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self.ended["train"] = time.monotonic()

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self.begun["validation"] = time.monotonic()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.ended["validation"] = time.monotonic()

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        self.begun["test"] = time.monotonic()

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        self.ended["test"] = time.monotonic()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        if self.interval == "step":
            self._look(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if self.interval == "epoch":
            self._look(trainer)

    def _look(self, trainer: Any) -> None:
        if self.duration is None or self.time_elapsed() < self.duration:
            return
        if self.verbose and not trainer.should_stop:
            trainer.print(f"Training has taken {self.duration:.0f} seconds: it ends.")
        trainer.should_stop = True


def seconds(wanted: Any) -> float | None:
    """A time in seconds: of "DD:HH:MM:SS", a timedelta, a dict for one, or None.

    Example:
        >>> seconds({"minutes": 2})
        120.0

    Raises:
        ValueError: It is something else.
    """
    given = wanted
    try:
        if isinstance(given, str):
            days, hours, minutes, rest = map(int, given.split(":"))
            wanted = timedelta(days=days, hours=hours, minutes=minutes, seconds=rest)
        if isinstance(given, Mapping):
            wanted = timedelta(**given)
        return None if wanted is None else float(wanted.total_seconds())
    except (ValueError, TypeError, AttributeError):
        raise errors.value_error(
            "A time", expected='"DD:HH:MM:SS", a timedelta or a dict for one', received=given
        ) from None
