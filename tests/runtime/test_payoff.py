"""The note that several devices do not pay: when it comes, and what it says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kerastorch.runtime.payoff import FIRST, LAST, PayOff


def _told(ranks: int, exchange: float, step: float, batches: int = 100) -> list[str]:
    told: list[str] = []
    now: Iterator[float] = iter([0.0, step * (LAST - FIRST)])
    watch = PayOff(ranks, exchange, told.append, clock=lambda: next(now))
    for batch in range(batches):
        watch(batch, None)
    return told


@pytest.mark.parametrize(("ranks", "exchange", "gain"), [(2, 0.5, "1.0"), (4, 0.9, "0.4"), (2, 3.0, "0.0")])
def test_one_line_when_it_does_not_pay(ranks: int, exchange: float, gain: str) -> None:
    (line,) = _told(ranks, exchange, step=1.0)
    assert f"{ranks} devices" in line and f"about {gain} times" in line
    assert f"{min(exchange, 1.0):.0%}".replace("%", " %") in line


def test_nothing_when_it_pays_or_the_run_is_short() -> None:
    assert _told(2, 0.1, step=1.0) == []
    assert _told(2, 0.9, step=1.0, batches=LAST - 1) == []
