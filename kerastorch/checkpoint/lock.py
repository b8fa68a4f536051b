"""One run at a time in a folder."""

from __future__ import annotations

import errno
import json
import os
import socket
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

from kerastorch.base import errors
from kerastorch.checkpoint import files

try:
    import fcntl
except ImportError:  # not on Windows: a folder is not locked there
    fcntl = None  # type: ignore[assignment]

_TAKEN = (errno.EACCES, errno.EAGAIN)  # a system that cannot lock at all says something else
_held: dict[Path, tuple[int, Lock]] = {}  # by which process: the system does not mind if it takes its lock twice


class BusyError(RuntimeError):
    """Another run writes into the folder.

    Attributes:
        pid: Its process, as far as it is known.
    """

    pid: int | None = None


class Lock:
    """The right to write into a folder, until `release` or the end of the process, however that comes.

    The system forgets the lock of a process that is gone, though its forked children live on; the note in the file,
    who holds it, may then be stale.

    Args:
        folder: The folder; it must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder.resolve() / "run.lock"
        self.left_by: dict[str, Any] | None = None
        self._handle = -1

    def acquire(self) -> None:
        """Take the lock.

        `left_by` tells then of a run that ended without releasing it: its pid, host and time.

        Raises:
            BusyError: A living run has it: its pid, host and time.
            OSError: The file cannot be written, or is a link.
        """
        pid, holder = _held.get(self.path, (0, self))
        if pid == os.getpid():  # a forked child has the handle, not the lock
            raise _busy(self.path, _note(holder._handle))
        handle = self._handle = self._take()
        self.left_by = _note(handle)
        me = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now().isoformat(timespec="seconds")}
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(me).encode(), 0)
        except OSError as error:
            os.close(handle)
            raise files.told(error, self.path, 0) from error
        _held[self.path] = (os.getpid(), self)

    def renew(self) -> None:
        """Take it again if this process has it: the system drops it when anybody here opens and closes the file.

        Raises:
            BusyError: Another run took it meanwhile.
        """
        if self._is_held():
            self._lock(self._handle)

    def release(self, remove: bool = False) -> None:
        """Give the lock back; nothing where this object has not taken it in this process.

        Args:
            remove: Whether to remove its file.
        """
        if not self._is_held():
            return
        del _held[self.path]
        os.ftruncate(self._handle, 0)
        if remove:  # while it is held: afterwards the file may be another's
            self.path.unlink(missing_ok=True)
        os.close(self._handle)

    def _is_held(self) -> bool:
        return _held.get(self.path) == (os.getpid(), self)

    def _take(self) -> int:
        while True:
            try:
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
            except OSError as error:
                raise files.told(error, self.path, 0) from error
            try:
                self._lock(handle)
                if os.path.samestat(os.fstat(handle), os.stat(self.path)):
                    return handle
            except FileNotFoundError:
                pass  # removed by the run that had it
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)

    def _lock(self, handle: int) -> None:
        try:
            if fcntl is not None:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _TAKEN:
                raise _busy(self.path, _note(handle)) from error
            warnings.warn(
                f"{self.path.parent} is on a file system without locks ({error}): nothing keeps a second run from "
                "writing into it.",
                stacklevel=4,
            )


def _note(handle: int) -> dict[str, Any] | None:
    try:
        note = json.loads(os.pread(handle, 4096, 0))
    except (OSError, ValueError, RecursionError):
        return None
    return note if isinstance(note, dict) else None


def _busy(path: Path, note: dict[str, Any] | None) -> BusyError:
    who = note or {}
    error = BusyError(
        errors.message(
            f"`checkpoint_dir` {str(path.parent)!r}",
            expected="a folder that no other run writes into",
            received=errors.Said(
                f"one in use by process {who.get('pid', '?')} on {who.get('host', '?')} since {who.get('since', '?')}"
            ),
            remedy="Wait for that run, end it, or choose another folder.",
        )
    )
    error.pid = who.get("pid")
    return error
