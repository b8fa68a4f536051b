"""Watching the ranks that this process started: until they have ended, by themselves or by us."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kerastorch.runtime import failure, hang, heartbeat
from kerastorch.runtime.signals import Signals

_POLL = 0.05  # seconds between two looks at the processes
_LOOK = 0.5  # seconds between two looks at what they do
_ANSWER = 2.0  # seconds in which interrupted ranks must have stopped after a batch
_SAVE = 30.0  # seconds in which ranks must have ended that were told to stop: their work is saved meanwhile
_OTHERS = 5.0  # seconds that the other ranks have when one has exited
_GRACE = 1.0  # seconds between asking a process to end and ending it


class Watch:
    """The ranks of a run, as processes.

    Args:
        home: The run's folder.
        processes: The process of each rank.
        pages: Where each rank tells where it stands.
    """

    def __init__(
        self, home: Path, processes: Mapping[int, subprocess.Popen[Any]], pages: Mapping[int, heartbeat.Page]
    ) -> None:
        self.home, self.processes, self.pages = home, processes, pages
        self.clocks = {rank: hang.Clock(process.pid, pages[rank].place) for rank, process in processes.items()}
        self._every = min(_LOOK, hang.timeout(hang.STEP_TIMEOUT) / 10, hang.timeout(hang.START_TIMEOUT) / 10)
        self._looked = time.monotonic()
        self.handed_on: int | None = None  # the signal that the ranks were told of

    def wait(self, signals: Signals) -> None:
        """Return when all ranks have done their work.

        Args:
            signals: Where signals to this process are received: SIGINT stops the ranks after a batch, others are handed
                on to them.

        Raises:
            BaseException: See `launch.run_on_ranks`.
        """
        while not self._all_done():
            if signals.received == signal.SIGINT:
                return self._interrupt()
            if signals.received is not None:
                return self._hand_on(signals.received)
            if self._failed():
                raise self._failure()
            self._look()
            time.sleep(_POLL)

    # -- how the ranks are ------------------------------------------------------------------------------------------

    def _ended(self) -> dict[int, int]:
        codes = {rank: process.poll() for rank, process in self.processes.items()}
        return {rank: code for rank, code in codes.items() if code is not None}

    def _places(self) -> dict[int, heartbeat.Place]:
        return {rank: page.place() for rank, page in self.pages.items()}

    def _failed(self) -> dict[int, int]:
        """The exit codes of those that ended with their work undone."""
        places = self._places()
        return {r: code for r, code in self._ended().items() if code != 0 or places[r].stage != heartbeat.DONE}

    def _all_done(self) -> bool:
        return len(self._ended()) == len(self.processes) and not self._failed()

    def _failure(self) -> BaseException:
        error = failure.first(self.home, self._failed(), self._places())
        if isinstance(error, SystemExit):
            self._until_ended(_OTHERS)
        return error

    def _look(self) -> None:
        """See whether the run goes on."""
        now = time.monotonic()
        if now - self._looked < self._every:
            return
        self._looked = now
        if hanging := hang.hanging(self.clocks):
            told = {rank: str(clock) for rank, clock in self.clocks.items()}
            self._ask_for_stacks()
            raise failure.hung(self.home, hanging, told)

    def _ask_for_stacks(self) -> None:
        for rank, clock in self.clocks.items():
            if not clock.stopped and failure.stack_file(self.home, rank).exists():  # its fault handler listens
                self.processes[rank].send_signal(signal.SIGUSR2)
        time.sleep(0.5)

    # -- how they end -----------------------------------------------------------------------------------------------

    def _interrupt(self) -> None:
        """Let the ranks stop after the same batch, and hand back what they have."""
        stop = {heartbeat.STOPPING, heartbeat.DONE}
        if any(place.begun for place in self._places().values()):
            heartbeat.stop(list(self.pages.values()))
            end = time.monotonic() + _ANSWER
            while time.monotonic() < end and not self._failed():
                if all(place.stage in stop for place in self._places().values()):
                    self._until_ended(_SAVE)
                    break
                time.sleep(_POLL / 5)
        if not self._all_done():
            raise KeyboardInterrupt

    def _hand_on(self, number: int) -> None:
        """Let the ranks know of a signal, and wait while they save their work and end."""
        self.handed_on = number
        for process in self.processes.values():
            process.send_signal(number)
        self._until_ended(_SAVE)
        if self._all_done():
            return  # they made nothing of it
        by_it = [code for code in self._ended().values() if code == -number]
        if not by_it and len(self._ended()) == len(self.processes):
            error = self._failure()
            if not isinstance(error, SystemExit):
                raise error
        raise SystemExit(128 + number)

    def _until_ended(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and len(self._ended()) < len(self.processes):
            time.sleep(_POLL)

    def end(self) -> None:
        """End the processes that still run, and what they have started."""
        if self._all_done():
            return
        self._signal(signal.SIGTERM)
        self._until_ended(_GRACE)
        self._signal(signal.SIGKILL, groups=True)
        self._until_ended(_GRACE)

    def _signal(self, number: int, groups: bool = False) -> None:
        for process in self.processes.values():
            with suppress(ProcessLookupError, PermissionError):
                if groups and hasattr(os, "killpg"):
                    os.killpg(process.pid, number)  # each rank leads a group of its own
                elif process.poll() is None:
                    process.send_signal(number)
