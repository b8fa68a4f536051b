"""Ranks that a plain process starts: what they share, what comes back, and that nothing stays behind."""

from __future__ import annotations

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
from kerastorch.base import chance
from kerastorch.runtime import launch, shipping
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
        assert (
            told.startswith("raised on rank 1 before its first batch:")
            and 'raise Refused(7, "of rank 1")' in told
            and "jobs.py" in told
        )
    else:
        assert "Rank 1 of the run, before its first batch: expected to end by itself" in str(caught.value)
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


def test_torch_leaves_no_handlers() -> None:
    """Torch takes four signals for itself when it starts processes: an interrupt would never be one again."""
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
    before = [signal.getsignal(number) for number in numbers]
    with launch._own_handlers():
        for number in numbers:
            signal.signal(number, lambda number, frame: None)
    assert [signal.getsignal(number) for number in numbers] == before
    with pytest.raises(KeyboardInterrupt), launch._own_handlers():
        raise launch.SignalException("while starting", signal.SIGINT)
    with pytest.raises(SystemExit) as caught, launch._own_handlers():
        raise launch.SignalException("while starting", signal.SIGTERM)
    assert caught.value.code == 143


def test_output_passes_through_where_there_is_no_file_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cell:
        def fileno(self) -> int:
            raise OSError("none")

    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    assert launch._tee() == launch.Std.NONE
    monkeypatch.setattr(sys, "stdout", Cell())
    assert launch._tee() == launch.Std.ALL
