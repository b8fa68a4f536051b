"""Ranks that a plain process starts: what they share, what comes back, and that nothing stays behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from kerastorch import config
from kerastorch.runtime import chance, launch, shipping
from kerastorch.runtime.launch import run_on_ranks
from tests.support import jobs


def _gone(pids: list[int], seconds: float) -> bool:
    end = time.monotonic() + seconds
    alive = [p for p in pids if psutil.pid_exists(p)]
    while alive and time.monotonic() < end:
        time.sleep(0.1)
        alive = [p for p in alive if psutil.pid_exists(p) and psutil.Process(p).status() != psutil.STATUS_ZOMBIE]
    return not alive


def test_a_job_on_two_ranks(tmp_path: Path, capfd: Any) -> None:
    array = np.ones(8_000_000)
    np.full(4_000_000, 2.0).tofile(tmp_path / "data.bin")
    mapped = np.memmap(tmp_path / "data.bin", "float64", "r")
    before = chance.state()
    config.set_epsilon(1e-3)
    found = run_on_ranks(2, jobs.look, array, mapped, lambda n: n * 10)
    assert found["seen"] == [(8e6, 8e6, 40)] * 2 and found["ranks"] == [0, 1] and found["local"] == 2
    assert found["epsilon"] == 1e-3
    assert found["kinds"] == ("ndarray", "memmap")
    assert max(found["own"]) < 16e6, "96 MB of arrays were copied"
    assert not Path(found["home"]).exists() and Path(found["home"]).name.startswith("kerastorch-")
    assert _gone(found["pids"], 0)
    after = (random.random(), float(np.random.rand()), float(torch.rand(())))
    chance.restore(before)
    assert found["drawn"] == (random.random(), float(np.random.rand()), float(torch.rand(())))
    assert after == (random.random(), float(np.random.rand()), float(torch.rand(())))
    out = capfd.readouterr().out
    assert [out.count(f"printed by rank {rank}") for rank in (0, 1)] == [1, 1] and len(out) == 2 * 18


@pytest.mark.parametrize("how", ["raise", "kill"])
def test_a_failing_rank(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, made = shipping.folder(0), []
    monkeypatch.setattr(shipping, "folder", lambda size: made.append(home) or home)
    with pytest.raises(jobs.Refused if how == "raise" else RuntimeError) as caught:
        run_on_ranks(2, jobs.fail, str(tmp_path), how)
    if how == "raise":
        assert caught.value.args == (7, "of rank 1") and caught.value.code == 7
        told = str(caught.value.__cause__)
        assert told.startswith("raised on rank 1:") and 'raise Refused(7, "of rank 1")' in told and "jobs.py" in told
    else:
        assert "Rank 1 of the run: expected to end by itself, received exit code -9." in str(caught.value)
    assert _gone([int(path.read_text()) for path in tmp_path.iterdir()], 0)
    assert made == [home] and not home.exists()


def test_ranks_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    script = "import sys; from tests.support import jobs; from kerastorch.runtime.launch import run_on_ranks\n"
    script += "run_on_ranks(2, jobs.sleep, sys.argv[1])"
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while not all((tmp_path / rank).exists() for rank in "01") and time.monotonic() < end:
        time.sleep(0.1)
    told = [(tmp_path / rank).read_text().split() for rank in "01"]
    assert not _gone([int(pid) for pid, _ in told], 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert _gone([int(pid) for pid, _ in told], 5)
    assert not any(Path(home).exists() for _, home in told)


class Unmade(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__("text alone")


def test_the_first_error_counts_and_one_that_cannot_travel_is_told(tmp_path: Path) -> None:
    failures = {1: type("Failure", (), {"timestamp": 5, "exitcode": 1})()}
    assert "exit code 1" in str(launch._first_failure(tmp_path, failures))
    shipping.dump((ValueError("connection closed"), "", 0), tmp_path / "error-0.pickle")
    assert "exit code 1" in str(launch._first_failure(tmp_path, failures)), "what was killed came first"
    waited = {0: type("Failure", (), {"timestamp": 4, "exitcode": -signal.SIGTERM})()}
    assert "connection closed" in str(launch._first_failure(tmp_path, {5: waited[0]})), "it was ended for another"
    (tmp_path / "error-0.pickle").unlink()
    (tmp_path / "error-1.txt").write_text("Unmade: text alone")
    shipping.dump((Unmade(1, 2), "", 1), tmp_path / "error-1.pickle")
    assert "Rank 1 of the run" in (told := str(launch._first_failure(tmp_path, failures))) and "text alone" in told
    for rank, moment in ((0, 2_000), (2, 1_000)):
        path = tmp_path / f"error-{rank}.pickle"
        path.with_suffix(".txt").write_text("")
        shipping.dump((ValueError(f"of {rank}"), "its traceback", rank), path)
        os.utime(path, ns=(moment, moment))
    first = launch._first_failure(tmp_path, failures)
    assert repr(first) == "ValueError('of 2')" and "rank 2:\n\nits traceback" in str(first.__cause__)


def test_output_passes_through_where_there_is_no_file_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cell:
        def fileno(self) -> int:
            raise OSError("none")

    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    assert launch._tee() == launch.Std.NONE
    monkeypatch.setattr(sys, "stdout", Cell())
    assert launch._tee() == launch.Std.ALL
