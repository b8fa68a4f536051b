"""A stopwatch that shares time out among named parts."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

# So many marks on the device are kept before their times are read (which waits for the device).
MARKS = 8192


class Stopwatch:
    """Counts each moment once, for the innermost part that runs.

    Args:
        device: On CUDA the time between marks in the device's own queue is counted beside that of the host.

    Attributes:
        seconds: Part to the host's seconds.
        device_seconds: Part to the device's seconds; empty where the host computes.
        calls: Part to how often it ran.

    Example:
        >>> clock = Stopwatch()
        >>> with clock.part("outer"):
        ...     with clock.part("inner"):
        ...         pass
        >>> sorted(clock.seconds), clock.calls["inner"]
        (['inner', 'other', 'outer'], 1)
    """

    def __init__(self, device: torch.device | None = None) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.device_seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self.tracing = False
        self._device = device if device is not None and device.type == "cuda" else None
        self._marks: list[tuple[str, Any]] = []
        self.label = "other"
        self._since = time.perf_counter()

    def start(self) -> None:
        """Begin to count."""
        self.label, self._since = "other", time.perf_counter()
        self._mark()

    def switch(self, label: str) -> str:
        """From now on count for another part; gives the one before."""
        now = time.perf_counter()
        self.seconds[self.label] += now - self._since
        before, self.label, self._since = self.label, label, now
        self._mark()
        return before

    def stop(self) -> None:
        """Count what is still open."""
        self.switch("other")
        self._fold()

    @contextmanager
    def part(self, label: str) -> Iterator[None]:
        """Count for a part within this context; a trace of `torch.profiler` shows it under this name."""
        before = self.switch(label)
        self.calls[label] += 1
        try:
            if self.tracing:
                with torch.profiler.record_function(label):
                    yield
            else:
                yield
        finally:
            self.switch(before)

    def timed(self, label: str, function: Callable[..., Any], within: str | None = None) -> Callable[..., Any]:
        """`function`, counted for a part.

        Args:
            label: The part.
            function: What to call.
            within: Count it only while this part runs; None: always.
        """

        def call(*args: Any, **kwargs: Any) -> Any:
            if within is not None and self.label != within:
                return function(*args, **kwargs)
            with self.part(label):
                return function(*args, **kwargs)

        return call

    def _mark(self) -> None:
        if self._device is not None:
            event = torch.cuda.Event(enable_timing=True)
            event.record(torch.cuda.current_stream(self._device))
            self._marks.append((self.label, event))
            if len(self._marks) >= MARKS:
                self._fold()

    def _fold(self) -> None:
        if len(self._marks) < 2:
            return
        self._marks[-1][1].synchronize()
        for (label, begin), (_, end) in zip(self._marks, self._marks[1:], strict=False):
            self.device_seconds[label] += begin.elapsed_time(end) / 1000.0
        del self._marks[:-1]
