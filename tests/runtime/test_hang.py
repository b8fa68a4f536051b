"""Which silence is too long, and which is work."""

from __future__ import annotations

import os
from typing import Any

import pytest

from kerastorch.runtime import hang, heartbeat, processes
from kerastorch.runtime.heartbeat import BETWEEN, START, STEP, Page


class World:
    """Ranks, their processes and the time, as a test says they are."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ranks: int) -> None:
        self.now, self.stopped, self.used = 0.0, set[int](), dict.fromkeys(range(ranks), 0.0)
        monkeypatch.setattr(hang.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(processes, "stopped", self.stopped.__contains__)
        monkeypatch.setattr(processes, "processor_seconds", self.used.__getitem__)
        monkeypatch.setenv(hang.START_TIMEOUT, "30")
        monkeypatch.setenv(hang.STEP_TIMEOUT, "10")
        self.pages = [Page() for _ in range(ranks)]
        self.clocks = {rank: hang.Clock(rank, page.place) for rank, page in enumerate(self.pages)}

    def step(self, *ranks: int, stage: int = STEP) -> None:
        for rank in ranks:
            self.pages[rank].enter(0, self.pages[rank].begun)
            self.pages[rank].reach(stage)

    def after(self, seconds: float, working: Any = ()) -> list[int]:
        found: list[int] = []
        for _ in range(round(seconds * 2)):
            self.now += 0.5
            for rank in working:
                self.used[rank] += 0.1
            found = hang.hanging(self.clocks)
            if found:
                break
        return found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch, 2)


def test_a_stopped_rank_is_named_when_its_time_is_over(world: World) -> None:
    world.step(0, 1), world.step(0, 1)
    world.stopped.add(1)
    assert world.after(9.5) == [] and world.after(1) == [1]
    assert str(world.clocks[1]).endswith("silent for 10 s, its process is stopped")


@pytest.mark.parametrize("stage", [START, BETWEEN])
def test_a_rank_that_is_stopped_anywhere_hangs(world: World, stage: int) -> None:
    if stage == BETWEEN:
        world.step(0, 1, stage=BETWEEN)
    world.stopped.add(0)
    limit = 30 if stage == START else 10
    assert world.after(limit - 0.5, working=[1]) == [] and world.after(1, working=[1]) == [0]


def test_silence_of_all_in_a_step_names_who_was_heard_of_least_recently(world: World) -> None:
    world.step(0, 1), world.step(1)
    world.now = 1
    world.step(0)
    assert world.after(9) == [] and world.after(2) == [1]


def test_before_the_first_step_is_done_the_limit_is_another(world: World) -> None:
    world.step(0, 1)
    assert world.after(29) == [] and world.after(2) != []


@pytest.mark.parametrize("others", ["a callback", "a long computation"])
def test_work_is_no_hang(world: World, others: str) -> None:
    """Rank 0 in a callback, or compiling: rank 1 waits for it for as long as it takes."""
    world.step(0, 1), world.step(1)
    if others == "a callback":
        world.pages[0].reach(BETWEEN)
    assert world.after(1000, working=[] if others == "a callback" else [0]) == []
    world.step(0)
    assert world.after(11) != []


def test_time_in_which_the_watching_process_did_not_run_does_not_count(world: World) -> None:
    world.step(0, 1), world.step(0, 1)
    assert hang.hanging(world.clocks) == []
    world.now += 3600
    assert hang.hanging(world.clocks) == [] and world.after(8) == [] and world.after(2) != []


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hang.timeout(hang.START_TIMEOUT, {}) == 300 and hang.timeout(hang.STEP_TIMEOUT, {}) == 100
    assert hang.timeout(hang.STEP_TIMEOUT, {hang.STEP_TIMEOUT: "0"}) == float("inf")
    for wrong in ("soon", "-1", "nan"):
        with pytest.raises(ValueError, match=f"variable KERASTORCH_STEP_TIMEOUT: expected .* received '{wrong}'"):
            hang.timeout(hang.STEP_TIMEOUT, {hang.STEP_TIMEOUT: wrong})
    assert hang.hanging({}) == []
    clock = hang.Clock(os.getpid(), lambda: heartbeat.Place(BETWEEN, 1, 0.0, 0, 0))
    assert str(clock) == "after epoch 0, batch 0 (both from 0): at work"
