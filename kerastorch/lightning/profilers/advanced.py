"""`AdvancedProfiler`: which functions each action called, and how long they took."""

from __future__ import annotations

import cProfile
import io
import os
import pstats
from typing import Any

from kerastorch.base import errors
from kerastorch.lightning.profilers.profiler import Profiler


class AdvancedProfiler(Profiler):
    """Python's cProfile for each action. An action within another is counted in the inner one only.

    Args:
        dirpath: See `Profiler`.
        filename: See `Profiler`.
        line_count_restriction: How much of each report is shown: a number of lines, or a fraction of them.
        dump_stats: Whether the raw reports are written too, as "<action>.prof" in `dirpath`.

    Example:
        >>> profiler = AdvancedProfiler()
        >>> with profiler.profile("sort"):
        ...     _ = sorted([2, 1])
        >>> "sorted" in profiler.summary()
        True
    """

    def __init__(
        self,
        dirpath: Any = None,
        filename: str | None = None,
        line_count_restriction: float = 1.0,
        dump_stats: bool = False,
    ) -> None:
        super().__init__(dirpath, filename)
        self.line_count_restriction, self.dump_stats = line_count_restriction, dump_stats
        self.profiled_actions: dict[str, cProfile.Profile] = {}
        self._running: list[str] = []

    def start(self, action_name: str) -> None:
        if self._running:
            self.profiled_actions[self._running[-1]].disable()
        self._running.append(action_name)
        self.profiled_actions.setdefault(action_name, cProfile.Profile()).enable()

    def stop(self, action_name: str) -> None:
        if action_name not in self._running:
            raise errors.value_error("The action to stop", expected="one that runs", received=action_name)
        self.profiled_actions[self._running[-1]].disable()
        del self._running[self._running.index(action_name) :]
        if self._running:
            self.profiled_actions[self._running[-1]].enable()

    def summary(self) -> str:
        lines = [self._heading()]
        for name, profile in self.profiled_actions.items():
            text = io.StringIO()
            if self.dump_stats:
                os.makedirs(self.dirpath, exist_ok=True)
                profile.dump_stats(os.path.join(self.dirpath, self._file_name(".prof", name)))
            shown = pstats.Stats(profile, stream=text).strip_dirs().sort_stats("cumulative")
            shown.print_stats(self.line_count_restriction)
            lines += [f"Profile stats for: {name}", text.getvalue()]
        return "\n".join(lines)

    def teardown(self, stage: str | None) -> None:
        if self._running:  # a run was cut
            self.profiled_actions[self._running[-1]].disable()
        self._running.clear()
        self.profiled_actions.clear()
