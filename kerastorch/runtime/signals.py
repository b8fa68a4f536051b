"""Signals that ask a run to end, remembered until the run comes to a place where it can."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Any


class Signals:
    """Remembers the first of some signals that comes while it is entered; a second one takes effect at once.

    Handlers belong to the main thread: in any other nothing is installed, and nothing is ever received. A forked child
    inherits them: there SIGTERM ends the process, for so do those who start processes, and others are ignored.

    Args:
        numbers: The signals; those that this system does not have may be named and are left out.
        apart: Seconds; one that comes sooner after the first is taken for the same: who signals all processes of a
            job, and a launcher among them that hands it on, reaches some twice.

    Attributes:
        received: The first signal that came; None before.

    Example:
        >>> with Signals(["SIGTERM"]) as signals:
        ...     signal.raise_signal(signal.SIGTERM)
        ...     print(signals.received, signals.exit_code)
        15 143
    """

    def __init__(self, numbers: Iterable[int | str], apart: float = 0.0) -> None:
        found = (getattr(signal, number, None) if isinstance(number, str) else number for number in numbers)
        self.numbers = [signal.Signals(number) for number in found if number is not None]
        self.received: int | None = None
        self._apart, self._since, self._owner = apart, 0.0, os.getpid()
        self._before: dict[signal.Signals, Any] = {}
        self._placed: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        self.received, self._owner = None, os.getpid()
        if threading.current_thread() is threading.main_thread():
            for number in self.numbers:
                self._before[number] = signal.signal(number, self._note)
                self._placed[number] = self._note
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            if signal.getsignal(number) == self._placed[number]:  # another one that came meanwhile stays
                # None: a handler that was not installed from Python, which cannot be put back
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}

    @property
    def exit_code(self) -> int | None:
        """128 and the number of the signal that came, as shells have it."""
        return None if self.received is None else 128 + self.received

    def _note(self, number: int, frame: FrameType | None) -> None:
        forked = os.getpid() != self._owner
        if forked and number != signal.SIGTERM:
            return
        if self.received is None and not forked:
            self.received, self._since = int(number), time.monotonic()
            return
        if not forked and time.monotonic() - self._since < self._apart:
            return
        plain = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, plain)
        self._placed[number] = plain
        os.kill(os.getpid(), number)
