"""What the system tells of other processes, where it tells it: through `/proc`, on Linux."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_PROC = Path("/proc")
_EXITING = 4  # of the kernel's flags of a process: set before its connections are closed
_SAME_RUN = ("WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID", "SLURM_JOB_ID", "SLURM_STEP_ID")


def _stat(pid: int) -> list[str]:
    """The fields after the name of a process, which may hold anything: state, parent, ..."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def stopped(pid: int) -> bool:
    """Whether a process was stopped (SIGSTOP, a debugger) and waits to be continued.

    Example:
        >>> stopped(os.getpid())
        False
    """
    return _stat(pid)[:1] in (["T"], ["t"])


def alive(pid: int) -> bool:
    """Whether there is such a process, and it is not about to end, or has ended and waits to be asked for its code."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    fields = _stat(pid)
    return fields[:1] != ["Z"] and not (len(fields) > 6 and int(fields[6]) & _EXITING)


def processor_seconds(pid: int) -> float:
    """The time that a process, and those of its children that have ended, have computed; 0 where nobody tells.

    Example:
        >>> processor_seconds(os.getpid()) >= 0
        True
    """
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") if len(fields) > 14 else 0.0


def ranks_beside(environment: Mapping[str, str] = os.environ) -> dict[int, int]:
    """The other ranks of this process's run on this machine, which one parent has started: rank -> process id.

    Args:
        environment: That of this process, as it began.
    """
    same = [f"{name}={environment[name]}".encode() for name in _SAME_RUN if name in environment]
    found = {}
    parent = str(os.getppid())
    for path in _PROC.glob("[0-9]*"):
        pid = int(path.name)
        if pid == os.getpid() or _stat(pid)[1:2] != [parent]:
            continue
        try:
            theirs = (path / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        rank = next((entry[5:] for entry in theirs if entry.startswith(b"RANK=")), b"")
        if rank.isdigit() and all(entry in theirs for entry in same):
            found[int(rank)] = pid
    return found
