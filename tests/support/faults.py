"""The table of faults: how often each is tried, within which time it must be over, and what came of it.

A test of a fault is parametrised by `trials(row)`; those beyond the count of a CI run are marked `slow`. It records
every trial, by `with trial(row):` or by `record(row, seconds, held)`. At its end pytest prints a line a row.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass
class Row:
    """A fault.

    Attributes:
        few: Trials in a CI run.
        many: Trials with those that are marked slow.
        limit: Seconds after which the fault must be over; None where there is no limit.
        seconds: What each trial took.
        held: How many trials ended as they must.
    """

    few: int
    many: int
    limit: float | None = None
    seconds: list[float] = field(default_factory=list)
    held: int = 0


ROWS: dict[str, Row] = {
    "killed at a random step": Row(20, 300, 5),
    "killed inside a save": Row(30, 300),
    "disk full, read-only or missing": Row(20, 200, 5),
    "a bit flipped, a file cut short": Row(50, 1000, 2),
    "SIGTERM, SIGUSR1": Row(20, 200, 30),
    "a rank killed, raising, leaving": Row(20, 200, 10),
    "a rank stopped": Row(2, 20, 5),  # after the timeout
    "launcher killed": Row(5, 50, 5),
    "port in use": Row(1, 5, 5),
    "two runs in one directory": Row(5, 50, 5),
    "NaN or Inf on one rank": Row(5, 100),
    "DataLoader worker killed, raising, stopped": Row(10, 200, 5),
    "KeyboardInterrupt": Row(10, 100, 3),
    "a callback raises": Row(0, 0),
    "fits in one process": Row(0, 30),
    "saves and loads in one process": Row(0, 10_000),
}


def trials(row: str, few: int | None = None, many: int | None = None) -> list[Any]:
    """The numbers of a row's trials, to parametrise by (seeds too); those beyond a CI run's count are slow.

    Args:
        row: The fault.
        few: In place of the row's count for CI, where several tests share a row.
        many: In place of the row's larger count.
    """
    few = ROWS[row].few if few is None else few
    many = ROWS[row].many if many is None else many
    larger = [pytest.mark.slow, pytest.mark.many]
    return [n if n < few else pytest.param(n, marks=larger) for n in range(max(few, many))]


def record(row: str, seconds: float, held: bool = True) -> None:
    """Note a trial.

    Args:
        row: The fault; a new name makes a new row.
        seconds: How long it took from the fault to its end.
        held: Whether all was as it must be.
    """
    found = ROWS.setdefault(row, Row(0, 0))
    found.seconds.append(seconds)
    found.held += held


@contextmanager
def trial(row: str) -> Iterator[None]:
    """Around what happens from the fault on: the time is taken, and must keep within the row's limit."""
    began, held = time.monotonic(), False
    try:
        yield
        limit = ROWS[row].limit
        took = time.monotonic() - began
        assert limit is None or took <= limit, f"{row}: {took:.1f} s"
        held = True
    finally:
        record(row, time.monotonic() - began, held)


def table() -> list[str]:
    """A line for each row that was tried."""
    tried = {name: row for name, row in ROWS.items() if row.seconds}
    if not tried:
        return []
    lines = [f"{'fault':44}{'trials':>8}{'held':>8}{'slowest':>11}{'limit':>9}"]
    for name, row in tried.items():
        limit = "" if row.limit is None else f"{row.limit:g} s"
        lines.append(f"{name:44}{len(row.seconds):8}{row.held:8}{max(row.seconds):9.2f} s{limit:>9}")
    return lines
