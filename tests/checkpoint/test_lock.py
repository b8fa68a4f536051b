"""One run a folder: a second one hears whose it is; what a killed one leaves is no lock."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kerastorch.checkpoint import lock as module
from kerastorch.checkpoint.lock import BusyError, Lock
from tests.support.forks import Fork


def _hold(tell: Any, folder: Path, worker: bool = False) -> None:
    lock = Lock(folder)
    lock.acquire()
    tell(os.fork() or _sleep() if worker else 0)
    _sleep()


def _sleep() -> None:
    time.sleep(60)


def _try(tell: Any, folder: Path) -> None:
    try:
        Lock(folder).acquire()
    except BusyError as error:
        tell(error)
    else:
        tell("taken")


def _asked(folder: Path) -> str:
    """What another process hears that wants the folder."""
    with Fork(_try, folder) as child:
        return child.hear()


def test_a_second_process_hears_of_the_first(tmp_path: Path) -> None:
    with Fork(_hold, tmp_path) as child:
        child.hear()
        with pytest.raises(BusyError) as caught:
            Lock(tmp_path).acquire()
        start = str(caught.value).rpartition(" since ")[2].partition(".")[0]
        assert abs((datetime.now() - datetime.fromisoformat(start)).total_seconds()) < 60
        assert f"in use by process {child.pid} on {socket.gethostname()} since" in str(caught.value)
        assert str(tmp_path) in str(caught.value) and "Wait for that run, end it, or choose" in str(caught.value)


def test_a_killed_process_leaves_a_note_and_no_lock(tmp_path: Path) -> None:
    with Fork(_hold, tmp_path) as child:
        child.hear()
        child.kill()
        lock = Lock(tmp_path)
        lock.acquire()
        assert lock.left_by is not None and lock.left_by["pid"] == child.pid
        lock.release()
    lock.acquire()
    assert lock.left_by is None  # that one was given back
    lock.release()


def test_children_of_a_killed_process_do_not_keep_it(tmp_path: Path) -> None:
    """Workers of a DataLoader are forks of the run, and may outlive it."""
    with Fork(_hold, tmp_path, True) as child:
        worker = int(child.hear())
        try:
            child.kill()
            os.kill(worker, 0)  # it lives
            lock = Lock(tmp_path)
            lock.acquire()
            lock.release()
        finally:
            os.kill(worker, signal.SIGKILL)


def _release(tell: Any, lock: Lock) -> None:
    lock.release()
    try:
        lock.acquire()
    except BusyError as error:
        tell(error)


def test_a_forked_child_has_nothing_to_give_back(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    lock.acquire()
    with Fork(_release, lock) as child:
        assert f"process {os.getpid()} on" in child.hear()
        assert child.wait() == 0
    assert f"process {os.getpid()} on" in _asked(tmp_path)
    lock.release()


def test_one_process_does_not_take_it_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = Lock(tmp_path)
    lock.acquire()
    monkeypatch.chdir(tmp_path)
    for again in (lock, Lock(tmp_path), Lock(Path("."))):
        with pytest.raises(BusyError, match=f"in use by process {os.getpid()} on"):
            again.acquire()
        if again is not lock:
            again.release()  # not its own
            again.renew()
    assert "in use by" in _asked(tmp_path)  # which looking did not give back
    lock.release()
    lock.release()  # nothing
    assert _asked(tmp_path) == "taken"


def test_renewed_after_a_copy_of_the_folder(tmp_path: Path) -> None:
    """The system drops a process's lock when anybody in it opens and closes the file."""
    home = tmp_path / "home"
    home.mkdir()
    lock = Lock(home)
    lock.renew()  # nothing
    lock.acquire()
    shutil.copytree(home, tmp_path / "copy")
    lock.renew()
    assert "in use by" in _asked(home)
    shutil.copytree(home, tmp_path / "copy2")
    with Fork(_hold, home) as child:
        child.hear()
        with pytest.raises(BusyError, match=f"process {child.pid} on"):
            lock.renew()
    lock.release()


def test_removed_while_it_is_held(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    lock.acquire()
    lock.release(remove=True)
    assert os.listdir(tmp_path) == []


def test_a_file_that_was_removed_meanwhile_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run that has it ends and removes it, between our opening and our locking."""
    first, second, real = Lock(tmp_path), Lock(tmp_path), Lock._lock

    def late(self: Lock, handle: int) -> None:
        if second.path.exists():
            second.path.unlink()
        monkeypatch.setattr(Lock, "_lock", real)
        real(self, handle)

    monkeypatch.setattr(Lock, "_lock", late)
    first.acquire()
    assert first.path.exists() and "in use by" in _asked(tmp_path)
    first.release()


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff", "[" * 5000])
def test_a_strange_note_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.lock").write_text(text, encoding="latin-1")
    lock = Lock(tmp_path)
    lock.acquire()
    assert lock.left_by is None
    assert json.loads(lock.path.read_text())["pid"] == os.getpid()
    lock.release()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    home = tmp_path / "home"
    home.mkdir()
    (home / "run.lock").symlink_to(other)
    with pytest.raises(OSError, match=r"Writing .*run\.lock: expected room and permission"):
        Lock(home).acquire()
    assert other.read_text() == "mine"


def test_a_note_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "no")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match=r"Writing .*run\.lock: .* received No space left"):
            Lock(tmp_path).acquire()
    assert _asked(tmp_path) == "taken"


def test_a_file_system_without_locks_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(module.fcntl, "lockf", refuse)
    lock = Lock(tmp_path)
    with pytest.warns(UserWarning, match="is on a file system without locks .*No locks available"):
        lock.acquire()
    lock.release()
