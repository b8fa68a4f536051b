"""When a run hangs: which silence is too long, and which is work."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from kerastorch.base import errors
from kerastorch.runtime import heartbeat, processes

START_TIMEOUT = "KERASTORCH_START_TIMEOUT"  # seconds until the first step is done
STEP_TIMEOUT = "KERASTORCH_STEP_TIMEOUT"  # seconds for a step
_DEFAULTS = {START_TIMEOUT: 300.0, STEP_TIMEOUT: 100.0}
_WORKS = 0.02  # the share of a processor that a process uses at least while it works


def timeout(name: str, environment: Mapping[str, str] = os.environ) -> float:
    """A limit in seconds; infinite where the variable is 0.

    Args:
        name: START_TIMEOUT or STEP_TIMEOUT.
        environment: The environment variables.

    Raises:
        ValueError: The variable holds no number of seconds.

    Example:
        >>> timeout(STEP_TIMEOUT, {}), timeout(STEP_TIMEOUT, {STEP_TIMEOUT: "0"})
        (100.0, inf)
    """
    given = environment.get(name, "")
    try:
        seconds = float(given) if given else _DEFAULTS[name]
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise errors.value_error(
            f"The environment variable {name}", expected="a number of seconds, or 0 for no limit", received=given
        )
    return seconds or float("inf")


class Clock:
    """How long a rank has been silent.

    Time in which this process itself did not run (a suspended machine, a stopped job) does not count.

    Args:
        pid: The rank's process.
        place: Tells where it stands.
    """

    def __init__(self, pid: int, place: Callable[[], heartbeat.Place]) -> None:
        self.pid, self.place = pid, place
        self.stopped = False
        self._looked = time.monotonic()
        self._start()

    def _start(self) -> None:
        self.silent = 0.0
        self.at, self._used = self.place(), processes.processor_seconds(self.pid)

    def look(self) -> None:
        """Look at the rank; often, a few times within a limit."""
        now = time.monotonic()
        self.silent += min(now - self._looked, 1.0)
        self._looked = now
        self.stopped = processes.stopped(self.pid)
        if self.place() != self.at or not (self.stopped or self._waits()):
            self._start()

    def _waits(self) -> bool:
        """Whether the rank is in a step, or before the first one, and does not compute."""
        used = processes.processor_seconds(self.pid) - self._used
        return self.at.stage in (heartbeat.START, heartbeat.STEP) and used <= _WORKS * max(self.silent, 1.0)

    @property
    def limit(self) -> float:
        """The longest silence that the rank may keep where it stands."""
        return timeout(STEP_TIMEOUT if self.at.started else START_TIMEOUT)

    @property
    def expired(self) -> bool:
        """Whether it has been silent for that long."""
        return self.silent >= self.limit

    def __str__(self) -> str:
        if not self.silent:
            return f"{self.at}: at work"
        how = "its process is stopped" if self.stopped else "it does not compute"
        return f"{self.at}: silent for {self.silent:.0f} s, {how}"


def hanging(clocks: Mapping[int, Clock]) -> list[int]:
    """Look at the ranks, and tell which of them keep the run from going on; empty while all is well.

    A process that is stopped hangs when its time is over. Otherwise all must be silent: while one of them works, or is
    outside of a step (in a callback, in validation, waiting for data), the others wait for it rightly. Of silent ranks
    the one that has been heard of least recently is named.

    Args:
        clocks: A clock for each rank.
    """
    for clock in clocks.values():
        clock.look()
    stopped = [rank for rank, clock in clocks.items() if clock.stopped and clock.expired]
    if stopped or not clocks or not all(clock.expired for clock in clocks.values()):
        return stopped
    return [min(clocks, key=lambda rank: clocks[rank].at.when)]
