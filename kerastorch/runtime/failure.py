"""Why ranks ended: from their exit codes and what they left in the run's folder to one exception."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kerastorch.base import errors
from kerastorch.runtime import shipping

_OFTEN = {
    "SIGKILL": "Most often memory ran out: take a smaller batch, or fewer processes.",
    "SIGBUS": "Most often shared memory (/dev/shm) is full: give the machine or the container more of it.",
    "SIGSEGV": "A library crashed; the lines above the remedy tell where, if Python knew.",
}


def report(error: BaseException, home: Path, rank: int, where: str) -> None:
    """On a rank: leave an exception in the folder.

    Args:
        error: The exception.
        home: The run's folder.
        rank: This rank.
        where: Where it stood, in words.
    """
    path = home / f"error-{rank}.pickle"
    text = "".join(traceback.format_exception(error))
    path.with_suffix(".txt").write_text(text, encoding="utf-8")
    try:
        shipping.dump((error.with_traceback(None), text, rank, where), path)
    except Exception:
        path.write_bytes(b"")  # the text is all that can travel


def stack_file(home: Path, rank: int) -> Path:
    """Where Python's fault handler writes what a rank was doing."""
    return home / f"stack-{rank}.txt"


class OnRank(Exception):
    """Shows the traceback of another process."""

    def __init__(self, rank: int, where: str, text: str) -> None:
        super().__init__(f"raised on rank {rank} {where}:\n\n{text}")


def first(home: Path, ended: Mapping[int, int], places: Mapping[int, Any]) -> BaseException:
    """The exception for a run that failed: what the rank raised that failed first, or how it ended.

    Args:
        home: The run's folder.
        ended: The exit codes of the ranks that ended by themselves.
        places: Where each rank stands, in words.
    """
    reported = sorted(home.glob("error-*.pickle"), key=lambda path: path.stat().st_mtime_ns)
    silent = [rank for rank in ended if not (home / f"error-{rank}.pickle").exists()]
    if silent:  # what the others report came of it
        rank = min(silent, key=lambda rank: (ended[rank] >= 0, rank))
        return RuntimeError(_silently(home, rank, ended[rank], places[rank]))
    for path in reported:
        try:
            error, text, rank, where = shipping.load(path)
        except Exception:  # an exception that cannot be made again still has its text
            continue
        if not isinstance(error, SystemExit):
            error.__cause__ = OnRank(rank, where, text)
        return error  # type: ignore[no-any-return]
    rank = int(reported[0].stem.partition("-")[2])
    text = reported[0].with_suffix(".txt").read_text(encoding="utf-8")
    return RuntimeError(_message(rank, places[rank], "to end by itself", text.strip(), ""))


def _silently(home: Path, rank: int, code: int, place: Any) -> str:
    """How a rank ended that left no exception."""
    name = name_of(-code) if code < 0 else ""
    how = f"exit code {code}" + (f" ({name})" if name else "")
    stack = stack_of(home, rank)
    told = f"{how}\n\n{stack}\n\n" if stack else how
    left = "Something ended the process (`os._exit`, a library) without an exception." if code >= 0 else ""
    return _message(rank, place, "to end by itself, its work done", told, _OFTEN.get(name, left))


def _message(rank: int, place: Any, expected: str, received: str, remedy: str) -> str:
    return errors.message(
        f"Rank {rank} of the run, {place}", expected=expected, received=errors.Said(received), remedy=remedy
    )


def name_of(number: int) -> str:
    """The name of a signal.

    Example:
        >>> name_of(9)
        'SIGKILL'
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def stack_of(home: Path, rank: int) -> str:
    """What Python's fault handler wrote of a rank; empty where it wrote nothing."""
    try:
        return stack_file(home, rank).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def hung(home: Path, hanging: Iterable[int], told: Mapping[int, str]) -> BaseException:
    """The exception for a run that does not go on.

    Args:
        home: The run's folder, with what the ranks were doing.
        hanging: The ranks that keep it from going on, as far as can be seen from outside.
        told: What is known of each rank.
    """
    stacks = {rank: stack for rank in sorted(told) if (stack := stack_of(home, rank))}
    busy = [rank for rank, stack in stacks.items() if not _waits(stack)]
    named = busy if len(stacks) == len(told) and 0 < len(busy) < len(told) else list(hanging)
    lines = "".join(f"\n  rank {rank}: {text}" for rank, text in sorted(told.items()))
    shown = "".join(f"\n\nRank {rank}: {stack}" for rank, stack in stacks.items())
    return TimeoutError(
        errors.message(
            f"Rank {', '.join(map(str, named))} of the run, {told[named[0]]}",
            expected="to go on",
            received=errors.Said(f"nothing. All ranks:{lines}{shown}\n"),
            remedy="Where it needs that long, set KERASTORCH_STEP_TIMEOUT or KERASTORCH_START_TIMEOUT (seconds).",
        )
    )


def _waits(stack: str) -> bool:
    """Whether the innermost frame of a stack is one in which ranks wait for others: a collective, torch's backward."""
    inner = next((line for line in stack.splitlines() if line.lstrip().startswith("File ")), "")
    return "torch/distributed/" in inner or "torch/autograd/" in inner
