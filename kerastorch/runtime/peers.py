"""A rank that torchrun, `srun` or a user started: it names itself in errors, and watches the ranks beside it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import TracebackType

from torch.distributed.elastic.multiprocessing.errors import get_error_handler

from kerastorch.runtime import hang, heartbeat, processes
from kerastorch.runtime.world import LAUNCHED, World

_POLL = 0.5  # seconds between two looks at the others
_MOMENT, _MOMENTS = 0.01, 5  # seconds between two looks at who has ended, and how many


def begin(world: World) -> None:
    """Start to watch, where no process of ours does it: on ranks that `runtime.launch` did not start.

    Args:
        world: The ranks.
    """
    if LAUNCHED in os.environ or heartbeat.mine is not None:
        return
    page = heartbeat.Page()
    heartbeat.begin(page)
    peers = Peers(world, page)
    sys.excepthook = peers.excepthook
    if world.local_size > 1:
        threading.Thread(target=peers.watch, daemon=True, name="peers").start()


class Peers:
    """What a rank knows of the ranks beside it.

    Args:
        world: The ranks.
        page: Where this rank stands. Ranks keep step, so it is where a rank stands that this one waits for.
    """

    def __init__(self, world: World, page: heartbeat.Page) -> None:
        self.rank, self.others = world.rank, world.local_size - 1
        self.page = page
        self.clocks: dict[int, hang.Clock] = {}
        self._show = sys.excepthook
        limits = (hang.timeout(hang.START_TIMEOUT), hang.timeout(hang.STEP_TIMEOUT))
        self._every = min(_POLL, *(limit / 10 for limit in limits))

    def excepthook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Above the traceback of an exception that ends this process, say whose it is; tell the launcher too."""
        gone = self._gone()
        ended = f" Ended before: rank {', '.join(gone)}." if gone else ""
        print(f"Rank {self.rank} of the run, {self.page.place()}.{ended}", file=sys.stderr)
        self._show(kind, error, trace)
        sys.stderr.flush()
        try:
            raise error.with_traceback(trace)
        except Exception:
            with suppress(OSError):
                get_error_handler().record_exception(error)
        except BaseException:
            return  # an interrupt is no error

    def _gone(self) -> list[str]:
        """The ranks beside this one that have ended. One whose connections are closed may be ending still."""
        for _ in range(_MOMENTS):
            if gone := [str(rank) for rank, clock in self.clocks.items() if not processes.alive(clock.pid)]:
                return gone
            time.sleep(_MOMENT)
        return []

    def watch(self) -> None:
        """End a rank beside this one that has been stopped for too long, so that the launcher ends all."""
        while True:
            self.look()
            time.sleep(self._every if len(self.clocks) >= self.others else _POLL / 10)

    def look(self) -> None:
        """One look at the others."""
        if len(self.clocks) < self.others:  # they are being started
            for rank, pid in processes.ranks_beside().items():
                self.clocks.setdefault(rank, hang.Clock(pid, self.page.place))
        for clock in self.clocks.values():
            clock.look()
        for rank, clock in self.clocks.items():
            if clock.stopped and clock.expired and self._speaks():
                print(f"Rank {rank} of the run, {clock}: ended by rank {self.rank}.", file=sys.stderr, flush=True)
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(clock.pid, signal.SIGKILL)

    def _speaks(self) -> bool:
        """Whether this is the first of the ranks that can say something."""
        lower = [clock for rank, clock in self.clocks.items() if rank < self.rank]
        return all(clock.stopped or not processes.alive(clock.pid) for clock in lower)
