"""What became of workers, and the end of those that are stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from kerastorch.data import watchdog
from kerastorch.data.watchdog import Watchdog, is_stopped, send, workers_of

linux = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")


class Worker:
    """A process that looks like a worker; its name holds what a careless reader of /proc trips over."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        self.process = subprocess.Popen(command)
        self.pid = self.process.pid

    @property
    def exitcode(self) -> int | None:
        return self.process.poll()

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        while not is_stopped(self.pid):
            time.sleep(0.01)


class Items:
    def __init__(self, *workers: Any) -> None:
        self._workers = list(workers)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Worker]]:
    monkeypatch.setattr(watchdog, "PERIOD", 0.1)
    made = [Worker(), Worker()]
    yield made
    for worker in made:
        send(worker.pid, signal.SIGKILL)
        worker.process.wait()


BEFORE = set(threading.enumerate())


@pytest.fixture(autouse=True)
def before() -> None:
    """Threads of other tests' sources, which end when their workers do."""
    BEFORE.update(threading.enumerate())


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if "watchdog" in t.name and t not in BEFORE]


@linux
def test_a_stopped_worker_is_ended_and_the_other_is_not(workers: list[Worker]) -> None:
    dog = Watchdog(Items(*workers))
    assert threads() and dog.fate() == ""
    workers[1].stop()
    assert workers[1].process.wait(5) == -signal.SIGKILL
    assert workers[0].exitcode is None
    assert f"Worker 1 (pid {workers[1].pid}) was ended by SIGKILL: it was stopped for" in dog.fate()
    assert "KERASTORCH_WATCHDOG=0" in dog.fate() and "Worker 0" not in dog.fate()
    dog.close()
    dog.close()
    assert not threads() and workers[0].exitcode is None


@linux
def test_one_that_goes_on_in_time_is_let_be(workers: list[Worker], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LOOKS", 8)
    dog = Watchdog(Items(*workers))
    for _ in range(3):
        workers[0].stop()
        time.sleep(0.3)
        os.kill(workers[0].pid, signal.SIGCONT)
        time.sleep(0.3)
    dog.close()
    assert workers[0].exitcode is None and dog.fate() == ""


@linux
def test_one_that_is_stopped_at_the_end_goes_on(workers: list[Worker]) -> None:
    dog = Watchdog(Items(*workers))
    workers[0].stop()
    dog.close()
    assert not is_stopped(workers[0].pid) and workers[0].exitcode is None


def test_switched_off(workers: list[Worker], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTORCH_WATCHDOG", "0")
    dog = Watchdog(Items(*workers))
    assert not threads()
    os.kill(workers[0].pid, signal.SIGTERM)
    workers[0].process.wait()
    assert dog.fate() == f"Worker 0 (pid {workers[0].pid}) was ended by SIGTERM."
    dog.close()


def test_fates() -> None:
    class Ended:
        def __init__(self, pid: int, exitcode: int | None) -> None:
            self.pid, self.exitcode = pid, exitcode

    dog = Watchdog(iter([]))
    dog.workers = [Ended(7, 3), Ended(8, 0), Ended(9, None), Ended(10, -9), Ended(11, -99)]
    assert dog.fate() == (
        "Worker 0 (pid 7) ended with exit code 3. "
        "Worker 3 (pid 10) was ended by SIGKILL, most often because memory ran out. "
        "Worker 4 (pid 11) was ended by signal 99."
    )


def test_what_is_no_loader_of_processes() -> None:
    assert workers_of(iter([])) == workers_of(Items(object())) == []
    assert not threads()
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not is_stopped(child.pid)
    send(child.pid, signal.SIGCONT)  # it is gone: nothing happens


@linux
def test_the_thread_ends_with_the_workers(workers: list[Worker]) -> None:
    """A source that nobody closes leaves no thread once its workers are gone."""
    Watchdog(Items(*workers))
    for worker in workers:
        send(worker.pid, signal.SIGKILL)
        worker.process.wait()
    until = time.monotonic() + 5
    while threads() and time.monotonic() < until:
        time.sleep(0.05)
    assert not threads()
