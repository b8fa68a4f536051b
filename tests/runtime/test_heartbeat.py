"""Where a rank stands, and how all stop after the same batch."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from kerastorch.runtime import heartbeat
from kerastorch.runtime.heartbeat import Page


def test_both_sides_see_the_same(tmp_path: Path) -> None:
    theirs = Page.make(tmp_path / "heart")
    ours = Page(tmp_path / "heart")
    assert str(theirs.place()) == "before its first batch" and not theirs.place().started
    before = time.monotonic()
    ours.enter(3, 9)
    place = theirs.place()
    assert (place.stage, place.begun, place.epoch, place.batch) == (heartbeat.STEP, 1, 3, 9)
    assert before <= place.when <= time.monotonic() and not place.started
    ours.reach(heartbeat.BETWEEN)
    assert str(theirs.place()) == "after epoch 3, batch 9 (both from 0)" and theirs.place().started
    theirs.wish = 5
    assert ours.wish == 5
    ours.close()
    theirs.close()


def test_hooks_stand_around_the_step_and_where_ranks_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    state, seen = SimpleNamespace(epoch=2), []
    page = Page()
    hook = lambda index, logs: seen.append((index, page.place().stage))  # noqa: E731
    assert heartbeat.where() == "" and heartbeat.around(state, (hook,), (hook,), (hook,)) == ((hook,), (hook, hook))
    monkeypatch.setattr(heartbeat, "mine", page)
    begins, ends = heartbeat.around(state, (hook,), (hook,), (hook,))
    for index in (0, 1):
        for call in (*begins, hook, *ends, hook):
            call(index, None)
    step, between = heartbeat.STEP, heartbeat.BETWEEN
    assert [stage for _, stage in seen] == [heartbeat.START, step, between, step, between] + [between, step] * 2 + [
        between
    ]
    assert heartbeat.where() == "after epoch 2, batch 1 (both from 0)"


@pytest.mark.parametrize("seed", range(8))
def test_ranks_that_wait_for_each_other_stop_after_the_same_batch(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads in the place of ranks: a step waits for all of them, hooks take a random time."""
    size, stopped = 3, []
    meet = threading.Barrier(size)
    pages = [Page() for _ in range(size)]

    def run(page: Page) -> None:
        chance = random.Random(seed * size + pages.index(page))
        with lock:
            monkeypatch.setattr(heartbeat, "mine", page)
            begins, ends = heartbeat.around(SimpleNamespace(epoch=0), (), (), ())
        try:
            for index in range(100_000):
                for hook in begins:
                    hook(index, None)
                meet.wait(10)
                for hook in ends:
                    hook(index, None)
                time.sleep(chance.choice([0, 0, 0.003, 0.03]))
        except KeyboardInterrupt:
            stopped.append((index, page.place().stage))

    lock = threading.Lock()
    threads = [threading.Thread(target=run, args=(page,)) for page in pages]
    for thread in threads:
        thread.start()
    time.sleep(random.Random(seed).random() * 0.1)
    heartbeat.stop(pages)
    for thread in threads:
        thread.join(10)
    assert len(stopped) == size and len(set(stopped)) == 1 and stopped[0][1] == heartbeat.STOPPING
