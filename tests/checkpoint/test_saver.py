"""One job at a time in a thread; what it raises is raised once, at the next call."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from kerastorch.checkpoint import Saver


class Broken(Exception):
    pass


class Job:
    """A job that waits for leave, and fails if told so."""

    def __init__(self) -> None:
        self.leave, self.done, self.threads = threading.Event(), [], set()

    def __call__(self, what: Any, fails: bool = False) -> None:
        assert self.leave.wait(10)
        self.threads.add(threading.current_thread())
        if fails:
            raise Broken(what)
        self.done.append(what)


def test_save_returns_at_once_and_close_waits() -> None:
    job = Job()
    saver = Saver(job)
    saver.save(1)
    saver.check()  # nothing has ended
    assert job.done == []
    job.leave.set()
    saver.save(2)
    assert job.done[0] == 1  # the one before is over before the next begins
    saver.close()
    assert job.done == [1, 2]
    (thread,) = job.threads
    assert thread is not threading.current_thread() and not thread.is_alive()


@pytest.mark.parametrize("call", ["save", "check", "wait", "close"])
def test_an_error_comes_at_the_next_call_once(call: str) -> None:
    job = Job()
    saver = Saver(job)
    saver.save("a", True)
    job.leave.set()
    while call == "check" and not saver._running.done():  # type: ignore[union-attr]
        pass
    with pytest.raises(Broken, match="a") as caught:
        getattr(saver, call)(*(["b"] if call == "save" else []))
    assert caught.traceback[-1].name == "__call__"  # where it was raised
    assert job.done == []  # the next one has not begun
    saver.check()
    saver.save("c")
    saver.close()
    assert job.done == ["c"]
    assert not any(thread.is_alive() for thread in job.threads)


def test_waiting_does_it_here() -> None:
    job = Job()
    job.leave.set()
    saver = Saver(job, wait=True)
    saver.save(1)
    assert job.done == [1] and job.threads == {threading.current_thread()}
    with pytest.raises(Broken):
        saver.save(2, True)
    saver.close()


def test_nothing_to_do() -> None:
    saver = Saver(print)
    for _ in range(2):
        saver.check()
        saver.wait()
        saver.close()
