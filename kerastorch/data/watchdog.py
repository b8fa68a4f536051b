"""The processes behind a DataLoader: what became of them, and an end for those that are stopped.

torch sees a worker that died, not one that is stopped (SIGSTOP, a container that was paused in part): `next` would
wait for it for ever. While a pass with workers is open, a thread looks at their states once a second and kills one that
was found stopped three times in a row; torch then reports its death. A worker that a debugger holds counts as traced,
not as stopped. The environment variable `KERASTORCH_WATCHDOG=0` switches this off. Where there is no `/proc` (all but
Linux), nothing is done.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

VARIABLE = "KERASTORCH_WATCHDOG"
PERIOD = 1.0  # seconds between two looks
SETTLE = 0.5  # seconds in which a worker whose pipe broke is dead
LOOKS = 3  # how many in a row must find a worker stopped


class Watchdog:
    """Looks after the workers of one pass.

    Args:
        items: A DataLoader's iterator. One without processes is not looked after.

    Example:
        >>> dog = Watchdog(iter([]))
        >>> dog.fate()
        ''
        >>> dog.close()
    """

    def __init__(self, items: Any) -> None:
        self.workers = workers_of(items)
        self.ended: set[int] = set()  # pids of those that were stopped
        self._close = threading.Event()
        self._thread: threading.Thread | None = None
        if self.workers and os.environ.get(VARIABLE) != "0" and os.path.exists("/proc/self/stat"):
            self._thread = threading.Thread(target=self._watch, name="DataLoader watchdog", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        found = {worker.pid: 0 for worker in self.workers}
        born = {pid: _stat(pid)[1:] for pid in found}
        while found and not self._close.wait(PERIOD):
            for pid in list(found):
                now = _stat(pid)
                if not now or now[1:] != born[pid]:  # it is gone; another process may have its number
                    del found[pid]
                    continue
                found[pid] = found[pid] + 1 if now[0] == "T" else 0
                if found[pid] == LOOKS:
                    self._end(pid)

    def _end(self, pid: int) -> None:
        self.ended.add(pid)
        send(pid, signal.SIGKILL)

    def fate_after(self, error: BaseException) -> str:
        """`fate` after an error of the loader: a worker's pipe may tell of its death a moment before."""
        until = time.monotonic() + SETTLE
        sound = str(error).startswith("Caught ")  # raised within a worker, which lives
        while not sound and time.monotonic() < until and self.workers and not self.fate():
            with suppress(RuntimeError):  # torch's handler of SIGCHLD tells of the death by raising here
                time.sleep(0.01)
        return self.fate()

    def fate(self) -> str:
        """What became of workers that died, in words; empty where none did."""
        told = []
        for number, worker in enumerate(self.workers):
            code = worker.exitcode
            if code:
                how = f"was ended by {_name(-code)}" if code < 0 else f"ended with exit code {code}"
                told.append(f"Worker {number} (pid {worker.pid}) {how}{self._why(worker.pid, code)}.")
        return " ".join(told)

    def _why(self, pid: int, code: int) -> str:
        if pid in self.ended:
            return f": it was stopped for {LOOKS * PERIOD:.0f} s, and this library ended it ({VARIABLE}=0 lets it be)"
        return ", most often because memory ran out" if code == -signal.SIGKILL else ""

    def close(self) -> None:
        """Look no more. Workers that are stopped now go on, so that they hear that the pass is over."""
        self._close.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            for worker in self.workers:
                if worker.exitcode is None and is_stopped(worker.pid):
                    send(worker.pid, signal.SIGCONT)


def workers_of(items: Any) -> Sequence[Any]:
    """The worker processes behind an iterator; none where there are none, or torch hides them.

    Example:
        >>> workers_of(iter([]))
        []
    """
    return [w for w in getattr(items, "_workers", ()) if isinstance(getattr(w, "pid", None), int)]


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal.

    Example:
        >>> is_stopped(os.getpid())
        False
    """
    return _stat(pid)[:1] == ["T"]


def _stat(pid: int) -> list[str]:
    """State and start time of a process; empty when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    fields = text.rpartition(")")[2].split()  # the name before may hold anything, brackets too
    return [*fields[:1], fields[19]]


def send(pid: int, number: int) -> None:
    """Send a signal to a process, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
