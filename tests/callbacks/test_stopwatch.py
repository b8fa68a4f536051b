from __future__ import annotations

import time

import pytest
import torch

from kerastorch.callbacks import stopwatch
from kerastorch.callbacks.stopwatch import Stopwatch
from tests.callbacks.fakes import Clock


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stopwatch.time, "perf_counter", clock)
    return clock


def test_every_moment_counts_once(now: Clock) -> None:
    clock = Stopwatch()
    now.now += 100.0  # not started yet
    clock.start()

    def inner() -> None:
        now.now += 2.0

    def outer() -> None:
        now.now += 1.0
        clock.timed("inner", inner, within="outer")()
        now.now += 4.0

    clock.timed("outer", outer)()
    clock.timed("inner", inner, within="outer")()
    now.now += 8.0
    clock.stop()
    assert dict(clock.seconds) == {"other": 10.0, "outer": 5.0, "inner": 2.0}
    assert dict(clock.calls) == {"outer": 1, "inner": 1}
    assert clock.device_seconds == {}


def test_an_error_ends_its_part(now: Clock) -> None:
    clock = Stopwatch()
    with pytest.raises(ZeroDivisionError):
        clock.timed("wrong", lambda: 1 / 0)()
    assert clock.label == "other"


def test_a_trace_has_the_names() -> None:
    clock = Stopwatch()
    clock.tracing = True
    with torch.profiler.profile() as profile, clock.part("a part"):
        torch.ones(2).sum()
    assert "a part" in {event.key for event in profile.key_averages()}


@pytest.mark.gpu
def test_the_devices_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopwatch, "MARKS", 8)
    clock = Stopwatch(torch.device("cuda"))
    a = torch.ones(2048, 2048, device="cuda")
    clock.start()
    begin = time.perf_counter()
    for _ in range(20):
        with clock.part("work"):
            a @ a
    clock.stop()
    whole = time.perf_counter() - begin
    assert 0.0 < clock.device_seconds["work"] <= whole
    assert clock.device_seconds["work"] > clock.device_seconds["other"]
