"""The process that does a job: its result or its error lies in the folder afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kerastorch.base import chance
from kerastorch.runtime import failure, heartbeat, settings, shipping
from kerastorch.runtime.world import LAUNCHED


def _work(home: Path, rank: int, job: object) -> int:
    shipping.dump(job, home / "job.pickle")
    heartbeat.Page.make(home / f"heart-{rank}")
    environment = {**os.environ, "RANK": str(rank), LAUNCHED: str(os.getpid()), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "kerastorch.runtime.worker", str(home)]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


def _draw(count: int) -> list[float]:
    return torch.rand(count).tolist()  # type: ignore[no-any-return]


def test_a_result_and_the_random_numbers_to_come(tmp_path: Path) -> None:
    drawn = chance.state()
    assert _work(tmp_path, 0, (_draw, (3,), drawn, settings.state())) == 0
    result, after = shipping.load(tmp_path / "result.pickle")
    assert result == torch.rand(3).tolist()
    assert torch.equal(after["torch"], torch.get_rng_state())
    assert not list(tmp_path.glob("error*"))
    assert heartbeat.Page(tmp_path / "heart-0").place().stage == heartbeat.DONE


@pytest.mark.parametrize("job", ["a job that fails", "a job that cannot be read"])
def test_an_error(job: str, tmp_path: Path) -> None:
    failing = (_draw, ("three",), chance.state(), settings.state()) if job == "a job that fails" else "no job"
    assert _work(tmp_path, 1, failing) == 1
    error, text, rank, where = shipping.load(tmp_path / "error-1.pickle")
    assert (
        isinstance(error, (TypeError, ValueError))
        and (rank, where) == (1, "before its first batch")
        and "Traceback" in text
    )
    assert (tmp_path / "error-1.txt").read_text() == text
    assert not (tmp_path / "result.pickle").exists()


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGINT)  # for the process that started this one
    os.kill(os.getpid(), signal.SIGUSR2)
    os.kill(os.getpid(), signal.SIGSEGV)


def test_a_crash_leaves_the_stack(tmp_path: Path) -> None:
    assert _work(tmp_path, 0, (_crash, (), chance.state(), settings.state())) == -signal.SIGSEGV
    told = failure.stack_of(tmp_path, 0)
    assert "Segmentation fault" in told and told.count(" in _crash") == 2
