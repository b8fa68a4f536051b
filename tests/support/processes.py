"""The processes that a test has started."""

from __future__ import annotations

import psutil


def children() -> set[int]:
    """The pids of this process's children, but for the one that `multiprocessing` keeps once it was used."""
    return {child.pid for child in psutil.Process().children() if not _is_tracker(child)}


def _is_tracker(process: psutil.Process) -> bool:
    try:
        return any("resource_tracker" in part for part in process.cmdline())
    except psutil.Error:
        return False
