"""The files of a checkpoint: written through a checksum to the disk, and read only if the checksum is right."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.base.files import digest

CHECKSUM = "checksum"
_STEP = 16 << 20  # bytes after which the disk may begin to take what was written
_LARGEST = 64 << 20  # bytes of a manifest; one of a thousand ranks has a hundredth


class DamagedError(ValueError):
    """A checkpoint that is not what was written."""


class _Hashing:
    """A file that is hashed in a thread beside the writing, as hashing takes longer than all the rest.

    After a failure it swallows what comes: torch's writer cannot be left in the middle. `error` tells then.

    Args:
        file: The file.
        staying: Address and bytes of memory that stays as it is until `digest` is called: it is not copied.
    """

    def __init__(self, file: BinaryIO, staying: dict[int, int]) -> None:
        self.file, self.staying, self.hash = file, staying, hashlib.sha256()
        self.bytes = self.begun = 0
        self.error: OSError | None = None
        self.parts: SimpleQueue[Any] = SimpleQueue()
        self.thread = Thread(target=self._follow, name="checksum", daemon=True)
        self.thread.start()

    def _follow(self) -> None:
        while (part := self.parts.get()) is not None:
            self.hash.update(part)

    def write(self, data: Any) -> int:
        if self.error is None:
            stays = self.staying.get(np.frombuffer(data, np.uint8).ctypes.data, 0) >= len(data)
            self.parts.put(data if stays else bytes(data))
            try:
                for start in range(0, len(data), _STEP):
                    self._write(data[start : start + _STEP])
            except OSError as error:
                self.error = error
        return len(data)

    def _write(self, part: Any) -> None:
        self.file.write(part)
        self.bytes += len(part)
        if self.bytes - self.begun >= _STEP and hasattr(os, "posix_fadvise"):  # the disk begins, before the sync
            os.posix_fadvise(self.file.fileno(), self.begun, self.bytes - self.begun, os.POSIX_FADV_DONTNEED)
            self.begun = self.bytes

    def flush(self) -> None:
        pass

    def digest(self) -> str:
        """The checksum, once everything is hashed; ends the thread."""
        self.parts.put(None)
        self.thread.join()
        return self.hash.hexdigest()


def write_state(path: Path, state: Any) -> dict[str, Any]:
    """Write a nested state and wait until the disk has it.

    Args:
        path: The file.
        state: Tensors and plain values; nobody may change them until this returns.

    Returns:
        What `read_state` needs to trust the file: {"bytes": its size, "sha256": its checksum}.

    Raises:
        OSError: It could not be written; names the path and the bytes.
    """
    written = 0
    try:
        with open(path, "wb") as file:
            hashing: Any = _Hashing(file, dict(_memory(state)))
            try:
                torch.save(state, hashing)
            finally:
                checksum, written = hashing.digest(), hashing.bytes
            if hashing.error is not None:
                raise hashing.error
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise told(error, path, written) from error
    return {"bytes": written, "sha256": checksum}


def _memory(state: Any) -> Iterator[tuple[int, int]]:
    """Address and bytes of each tensor's memory on the host."""
    if isinstance(state, Tensor):
        if state.device.type == "cpu" and state.layout is torch.strided:
            storage = state.untyped_storage()
            yield storage.data_ptr(), storage.nbytes()
    elif isinstance(state, (dict, list, tuple)):
        for part in state.values() if isinstance(state, dict) else state:
            yield from _memory(part)


def read_state(path: Path, known: dict[str, Any] | None) -> Any:
    """Read a state.

    Args:
        path: The file.
        known: What `write_state` returned; None where `verify` has compared it already.

    Raises:
        DamagedError: The file is not the one that was written.
    """
    if known is not None:
        verify(path, known)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a file whose checksum is right, but which nobody here wrote
        raise _damaged(path, "tensors and plain values", (str(error) or repr(error)).splitlines()[0]) from error


def verify(path: Path, known: dict[str, Any]) -> None:
    """Compare a file with its size and checksum.

    Raises:
        DamagedError: It differs, or is not there.
    """
    size = _size(path, f"a file of {known['bytes']} bytes")
    if size != known["bytes"]:
        raise _damaged(path, f"{known['bytes']} bytes", f"{size} bytes")
    try:
        found = digest(path)
    except OSError as error:
        raise _damaged(path, "a file that can be read", str(error)) from error
    if found != known["sha256"]:
        raise _damaged(path, f"SHA-256 {known['sha256'][:16]}...", f"{found[:16]}...")


def _size(path: Path, expected: str) -> int:
    """The size of a file that is one itself: a link may lead anywhere, a pipe never ends."""
    try:
        found = path.lstat()
    except OSError as error:
        raise _damaged(path, expected, os.strerror(error.errno or 0)) from error
    if not stat.S_ISREG(found.st_mode):
        raise _damaged(path, expected, "a link" if stat.S_ISLNK(found.st_mode) else "something else of that name")
    return found.st_size


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a dict with a checksum of its own, at once, and wait until the disk has it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps({**value, CHECKSUM: _checksum(value)}, indent=1)
    try:
        with open(beside, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise told(error, path, 0) from error


def read_json(path: Path) -> dict[str, Any]:
    """Read what `write_json` wrote.

    Raises:
        DamagedError: It is not what was written.
    """
    if (size := _size(path, "a manifest in JSON")) > _LARGEST:
        raise _damaged(path, f"a manifest of at most {_LARGEST} bytes", f"{size} bytes")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        stated = value.pop(CHECKSUM) if isinstance(value, dict) else None
    except (OSError, ValueError, KeyError, RecursionError) as error:
        raise _damaged(path, "a manifest in JSON with a checksum", str(error) or repr(error)) from error
    if not isinstance(value, dict) or stated != _checksum(value):
        raise _damaged(path, "a manifest with its own checksum", "another one")
    return value


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder."""
    if os.name == "nt":  # which syncs no folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def told(error: OSError, path: Path, size: int) -> OSError:
    """The same error, with the path, the bytes that were written, and what to do."""
    text = errors.message(
        f"Writing {path}",
        expected=f"room and permission for it ({size:,} bytes written so far)",
        received=errors.Said(os.strerror(error.errno) if error.errno else str(error)),
        remedy="Free space on that disk, or choose another `checkpoint_dir`. Earlier checkpoints are untouched.",
    )
    return type(error)(error.errno, text)


def _checksum(value: dict[str, Any]) -> str:
    read = json.loads(json.dumps(value))  # what a reader will have: the keys of a dict are texts, tuples are lists
    return hashlib.sha256(json.dumps(read, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _damaged(path: Path, expected: str, received: str) -> DamagedError:
    return DamagedError(
        errors.message(f"The checkpoint file {path}", expected=expected, received=errors.Said(received))
    )
