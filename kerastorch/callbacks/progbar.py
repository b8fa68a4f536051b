"""The progress bar: `keras.utils.Progbar`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor

from kerastorch.base import errors
from kerastorch.callbacks import console

_COLOUR = re.compile("\x1b" + r"\[\d*m")


class Progbar:
    """A progress bar, with Keras's look.

    In a terminal or a notebook one line is written over and over (at most once per `interval`); elsewhere, as with
    `verbose=2`, one plain line is printed at the end, without control characters.

    Args:
        target: How many steps there will be; None when unknown.
        width: The bar's width in characters.
        verbose: 0 silent, 1 a bar, 2 one line at the end.
        interval: The least time between two redraws, in seconds.
        stateful_metrics: Names of values that are shown as they are; the others are averaged over the steps.
        stateless_metrics: Names of values that are averaged; the others are shown as they are. Give only one of
            the two.
        unit_name: What a step is called.

    Raises:
        ValueError: Both kinds of names were given, or `verbose` is no such number.

    Example:
        >>> bar = Progbar(target=2, verbose=0)
        >>> bar.update(1, [("loss", 0.5)])
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise errors.value_error(
                "Progbar",
                expected="`stateful_metrics` or `stateless_metrics`, not both",
                received=(list(stateful_metrics), list(stateless_metrics)),
            )
        if verbose not in (0, 1, 2):
            raise errors.value_error("`verbose` of Progbar", expected="0, 1 or 2", received=verbose)
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = None if stateful_metrics is None else set(stateful_metrics)
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._in_place = verbose == 1 and console.updates_in_place()
        self._sums: dict[str, tuple[float, float]] = {}
        self._seen = 0
        self._start = time.time()
        self._after_first_step: float | None = None
        self._last_draw = 0.0
        self._drawn_width = 0

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Say how far it is.

        Args:
            current: The steps done.
            values: Names and the values of the last step.
            finalize: Whether this is the last update; default when `target` is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            self._take(name, _number(value), max(current - self._seen, 1), finalize)
        self._seen = current
        now = time.time()
        duration = self._step_duration(current, now)
        if self._in_place:
            if not finalize and now - self._last_draw < self.interval:
                return
            self._draw(current, now, duration, finalize)
            self._last_draw = now
        elif self.verbose and finalize:
            elapsed = f"{now - self._start:.0f}s"
            console.write(f"{self._count(current)} - {elapsed} - {self._pace(duration)}{self._metrics()}\n")

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Say that `n` more steps are done."""
        self.update(self._seen + n, values)

    def _take(self, name: str, value: float, steps: int, finalize: bool) -> None:
        if self.stateless_metrics is not None:
            averaged = name in self.stateless_metrics
        else:
            averaged = name not in (self.stateful_metrics or ())
        if finalize or not averaged:
            self._sums[name] = (value, 1)
        else:
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value * steps, count + steps)

    def _step_duration(self, current: int, now: float) -> float:
        """Seconds a step; the first step, with its warming up, is left out as soon as there is another."""
        if not current:
            return 0.0
        if self._after_first_step is not None and current > 1:
            duration = (now - self._after_first_step) / (current - 1)
        else:
            duration = (now - self._start) / current
        if current == 1:
            self._after_first_step = now
        return duration

    def _draw(self, current: int, now: float, duration: float, finalize: bool) -> None:
        head = self._bar(current)
        if self.target and not finalize:
            head += f" {_bold(_clock(duration * (self.target - current)))}"
        else:
            head += f" {_bold(f'{now - self._start:.0f}s')}"
        tail = f" {self._pace(duration)}{self._metrics()}"
        width = len(_COLOUR.sub("", head)) + len(tail)
        limit = None if finalize else console.columns()
        if limit is not None and width >= limit:  # a line that wraps could not be written over
            tail = tail[: max(0, len(tail) - (width - limit + 1))]
            width = len(_COLOUR.sub("", head)) + len(tail)
        padding = " " * (self._drawn_width - width)
        self._drawn_width = width
        console.write(f"\r{head}{tail}{padding}" + ("\n" if finalize else ""))

    def _bar(self, current: int) -> str:
        if not self.target:
            return f"{current:7d}/Unknown"
        done = min(self.width, int(self.width * current / self.target))
        filled = f"\x1b[32m{'━' * done}\x1b[0m" if done else ""
        return f"{_bold(self._count(current))} {filled}\x1b[37m{'━' * (self.width - done)}\x1b[0m"

    def _count(self, current: int) -> str:
        return f"{current:{len(str(self.target))}d}/{self.target}" if self.target else f"{current}/Unknown"

    def _pace(self, duration: float) -> str:
        if duration >= 1 or duration == 0:
            return f"{duration:.0f}s/{self.unit_name}"
        if duration >= 1e-3:
            return f"{duration * 1e3:.0f}ms/{self.unit_name}"
        return f"{duration * 1e6:.0f}us/{self.unit_name}"

    def _metrics(self) -> str:
        averages = ((name, total / max(1, count)) for name, (total, count) in self._sums.items())
        return "".join(f" - {name}: {value:{'.4f' if abs(value) > 1e-3 else '.4e'}}" for name, value in averages)


def _number(value: Any) -> float:
    if isinstance(value, float):
        return value
    return float(value.detach().double().mean()) if isinstance(value, Tensor) else float(np.mean(value))


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if seconds > 60 else f"{whole}s"
