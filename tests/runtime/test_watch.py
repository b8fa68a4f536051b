"""What becomes of signals to the process that watches the ranks: they are handed on; the run ends with their code."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from kerastorch.runtime import watch
from kerastorch.runtime.launch import run_on_ranks
from tests.support import faults, jobs
from tests.support.processes import children

ROW = "SIGTERM, SIGUSR1"


def _send_when(folder: Path, number: int, sent: list[float]) -> threading.Thread:
    def send() -> None:
        end = time.monotonic() + 60
        while not all((folder / rank).exists() for rank in "01") and time.monotonic() < end:
            time.sleep(0.02)
        sent.append(time.monotonic())
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("how", "number"), [("save", signal.SIGTERM), ("die", signal.SIGUSR1), ("go on", signal.SIGUSR1)]
)
def test_a_signal_is_handed_on(how: str, number: int, tmp_path: Path, capfd: Any) -> None:
    sent: list[float] = []
    before, thread = children(), _send_when(tmp_path, number, sent)
    try:
        if how == "go on":
            assert run_on_ranks(2, jobs.heed, str(tmp_path), how) == "its work done"
        else:
            with pytest.raises(SystemExit) as caught:
                run_on_ranks(2, jobs.heed, str(tmp_path), how)
            assert caught.value.code == 128 + number and caught.value.__cause__ is None
        took = time.monotonic() - sent[0]
    finally:
        thread.join()
    faults.record(ROW, took, took < 30)
    assert [(tmp_path / f"saved-{rank}").exists() for rank in "01"] == [how == "save"] * 2
    assert children() <= before and "Traceback" not in capfd.readouterr().err
    assert signal.getsignal(number) == signal.SIG_DFL


def test_an_interrupt_before_the_first_batch_ends_the_ranks(tmp_path: Path) -> None:
    sent: list[float] = []
    before, thread = children(), _send_when(tmp_path, signal.SIGINT, sent)
    with pytest.raises(KeyboardInterrupt):
        run_on_ranks(2, jobs.heed, str(tmp_path), "wait")
    thread.join()
    assert time.monotonic() - sent[0] < 3 and children() <= before


@pytest.mark.parametrize("how", ["exit", "fail to save"])
def test_a_rank_that_exits_is_no_failure_and_one_that_fails_to_save_is(how: str, tmp_path: Path) -> None:
    if how == "exit":
        with pytest.raises(SystemExit) as caught:
            run_on_ranks(2, jobs.heed, str(tmp_path), how)
        assert caught.value.code == 3
        return
    thread = _send_when(tmp_path, signal.SIGTERM, [])
    with pytest.raises(OSError, match="disk full"):
        run_on_ranks(2, jobs.heed, str(tmp_path), how)
    thread.join()


def test_limits_are_those_that_are_documented() -> None:
    assert (watch._ANSWER, watch._SAVE) == (2.0, 30.0)
