"""Data parallelism: what three ranks exchange. That trainings agree is tested in `contract/test_many_devices`."""

from __future__ import annotations

import random
import sys
import threading
import time

from kerastorch.runtime import ddp
from kerastorch.runtime.launch import run_on_ranks
from tests.support import jobs


def test_what_ranks_exchange() -> None:
    random.seed(1)
    found = run_on_ranks(3, jobs.collectives)
    assert found["sum"] == [[6.0, 6.0], 3, [[30.0]], []]
    assert found["gather"] == [[], [0], [0, 1]]
    assert found["agree"] == [{"from": 0}] * 3
    assert found["any"] == [(None, "stop")] * 3
    assert found["figures"] == [{"a": 9.0, "b": 1.0}] * 3
    assert found["stop"] == ["here"] * 3
    assert found["whole"] == {"a": 1}
    module = found["module"]
    assert len(set(module["replicated"])) == 1
    assert module["manual"] == [0.5] * 3  # (0 + 1 + 2) / 3, of which each rank has a share of one half
    assert module["waiting"] == [0.0, 1.0, 2.0] and module["exchanged"] == module["reduced"] == [1.0] * 3
    assert len(set(found["drawn"])) == 3  # dropout differs between ranks


def test_a_rank_that_leaves_lets_those_go_first_that_wait_for_the_lock() -> None:
    ran: list[bool] = []

    def wait() -> None:
        time.sleep(0.02)  # comes back for Python's lock
        ran.append(True)

    waiting, interval = threading.Thread(target=wait), sys.getswitchinterval()
    sys.setswitchinterval(100)
    try:
        waiting.start()
        end = time.perf_counter() + 0.1
        while time.perf_counter() < end:
            assert not ran
        ddp._leave()
        assert ran
    finally:
        sys.setswitchinterval(interval)
        waiting.join()
