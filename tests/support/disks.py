"""Real disks that are small or cannot be written to."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a disk here: {done.stderr.strip()}")


@contextmanager
def disk(path: Path, size: int) -> Iterator[Path]:
    """A file system in memory that holds `size` bytes (in whole pages); skips the test where nobody may mount one."""
    path.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path))
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)


def make_read_only(path: Path) -> None:
    """From now on nothing can be written to a mounted disk."""
    _mount("-o", "remount,ro", str(path))
