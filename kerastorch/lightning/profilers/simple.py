"""`SimpleProfiler`: how often each action ran, and how long."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from typing import Any

from kerastorch.base import errors
from kerastorch.lightning.profilers.profiler import Profiler


class SimpleProfiler(Profiler):
    """Takes the time of each action.

    Args:
        dirpath: See `Profiler`.
        filename: See `Profiler`.
        extended: Whether the summary also has how often each action ran, and its share of the time since the profiler
            was made.

    Attributes:
        recorded_durations: Action -> the seconds of each time it ran.

    Example:
        >>> profiler = SimpleProfiler()
        >>> with profiler.profile("load"):
        ...     pass
        >>> print(profiler.summary().splitlines()[0], "load" in profiler.summary())
        Profiler Report True
    """

    def __init__(self, dirpath: Any = None, filename: str | None = None, extended: bool = True) -> None:
        super().__init__(dirpath, filename)
        self.extended = extended
        self.current_actions: dict[str, float] = {}
        self.recorded_durations: dict[str, list[float]] = defaultdict(list)
        self.start_time = time.perf_counter()

    def start(self, action_name: str) -> None:
        if action_name in self.current_actions:
            raise errors.value_error("The action to start", expected="one that does not run", received=action_name)
        self.current_actions[action_name] = time.perf_counter()

    def stop(self, action_name: str) -> None:
        now = time.perf_counter()
        if action_name not in self.current_actions:
            raise errors.value_error("The action to stop", expected="one that runs", received=action_name)
        self.recorded_durations[action_name].append(now - self.current_actions.pop(action_name))

    def summary(self) -> str:
        whole = time.perf_counter() - self.start_time
        kept = {name: (len(each), math.fsum(each)) for name, each in self.recorded_durations.items()}
        rows = [
            (name, f"{total / calls:.5}", f"{calls}", f"{total:.5}", f"{100 * total / whole:.5}")
            for name, (calls, total) in sorted(kept.items(), key=lambda item: item[1][1], reverse=True)
        ]
        every = ("Total", "-", str(sum(calls for calls, _ in kept.values())), f"{whole:.5}", "100")
        table = [("Action", "Mean duration (s)", "Num calls", "Total time (s)", "Percentage %"), every, *rows]
        if not self.extended:
            table = [(row[0], row[1], row[3]) for row in (table[0], *rows)]  # type: ignore[misc]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
        lines.insert(1, "-" * len(lines[0]))
        return "\n".join([self._heading(), "", *(line.rstrip() for line in lines), ""])

    def teardown(self, stage: str | None) -> None:
        self.current_actions.clear()  # of a run that was cut
