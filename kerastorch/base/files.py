"""Files that outlive the process: where Keras caches, checksums, and writing so that a cut leaves the old file."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BLOCK = 1 << 20


def keras_home() -> Path:
    """The folder of downloads and caches: `$KERAS_HOME`, by default `~/.keras`.

    Example:
        >>> keras_home().is_absolute()
        True
    """
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser().absolute()


def digest(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """The checksum of a file, read in blocks.

    Args:
        path: The file.
        algorithm: A name that `hashlib` knows.

    Returns:
        Hexadecimal digits.
    """
    hasher = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file beside `path`; it takes that name only when the block ends without an error.

    Args:
        path: The file to write or replace. Its folder is made if need be.

    Yields:
        The temporary path to write to, in the same folder.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(f"{folder}/a.txt") as beside:
        ...         _ = beside.write_text("whole")
        ...     os.listdir(folder)
        ['a.txt']
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
