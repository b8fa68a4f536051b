"""The search for a micro-batch."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.engine import micro_batch


@given(st.integers(1, 2000))
def test_divisors(number: int) -> None:
    assert micro_batch.divisors(number) == [d for d in range(1, number + 1) if number % d == 0]


@given(st.integers(1, 2000), st.integers(0, 2000))
def test_bisecting_finds_the_largest_divisor(size: int, room: int) -> None:
    tried = micro_batch.largest(size, lambda rows: rows <= room, "binsearch", 25)
    fitting = [d for d in micro_batch.divisors(size) if d <= room]
    assert max((rows for rows, fits in tried.items() if fits), default=None) == max(fitting, default=None)
    assert next(iter(tried)) == size


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_halving_stops_at_the_first_that_fits(size: int, room: int) -> None:
    tried = micro_batch.largest(size, lambda rows: rows <= room, "power", 25)
    *failed, found = tried
    assert tried[found] and not any(tried[rows] for rows in failed)
    assert size % found == 0 and all(b <= a // 2 for a, b in zip(tried, list(tried)[1:], strict=False))


def test_trials_are_limited() -> None:
    assert micro_batch.largest(64, lambda rows: False, "power", 2) == {64: False, 32: False}
    assert len(micro_batch.largest(64, lambda rows: False, "power", 25)) == 7


@pytest.mark.parametrize(("mode", "trials"), [("powr", 3), ("power", 0), ("power", 1.5), ("power", True)])
def test_wrong_arguments_are_refused(mode: str, trials: Any) -> None:
    with pytest.raises(ValueError, match="auto_scale_batch_size"):
        micro_batch.check(mode, trials)
