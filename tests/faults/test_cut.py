"""Runs that are killed or told to end, started again: they come to the same bits as a run that nobody disturbed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import cut, faults
from tests.support.cut import Script, Server

KILLED, TOLD = "killed at a random step", "SIGTERM, SIGUSR1"
CELLS = [  # of runs on several ranks
    {"kind": "arrays", "shuffle": True, "dropout": True, "window": 3},
    {"kind": "loader0", "shuffle": True, "dropout": True, "window": 1},
]
KINDS = ["arrays", "loader2", "dataset", "loader0"]
_whole: dict[Any, Any] = {}  # what undisturbed runs come to


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where undisturbed runs write."""
    return tmp_path_factory.mktemp("whole")


def _cell(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(KINDS)
    return {
        "kind": kind,
        "shuffle": chance.random() < 0.7,
        "dropout": chance.random() < 0.7,
        "window": chance.choice([1, 3]),
    }


def _job(folder: Path, chance: random.Random, cell: dict[str, Any], ranks: int = 1, **more: Any) -> dict[str, Any]:
    keep = {"save_every": chance.choice([1, 1, 2, 5, "epoch"])}
    compiled = {"devices": ranks} if ranks > 1 else {}
    slow = chance.choice([0.001, 0.01, 0.05])  # seconds to a file: a save goes on while batches do
    return {"folder": str(folder), "cell": cell, "keep": keep, "compile": compiled, "slow": slow, **more}


def _undisturbed(home: Path, cell: dict[str, Any], ranks: int = 1, torchrun: Any = None, server: Any = None) -> Any:
    key = (*cell.values(), ranks, torchrun is None)
    if key not in _whole:
        folder = home / str(len(_whole))
        job = {"folder": str(folder), "cell": cell, "compile": {"devices": ranks} if ranks > 1 else {}}
        code = cut.run(job, torchrun) if server is None else server.run(job)
        assert code == 0, cut.told(folder)
        _whole[key] = cut.outcome(folder, ranks)
    return _whole[key]


def _goes_on(row: str, folder: Path, want: Any, code: int, ranks: int = 1) -> None:
    """Note a trial of a kill: what the run came to that was started again, and how fast it began."""
    assert code == 0, cut.told(folder)
    exact, took = cut.outcome(folder, ranks) == want, cut.restart(folder, ranks)
    held = exact and took < faults.ROWS[row].limit
    faults.record(row, took, held)
    assert exact, folder
    assert held, f"{took:.1f} s"


# -- kill -9 ----------------------------------------------------------------------------------------------------------

MOMENTS = {"batch begin": 18, "batch": 18, "save": 3, "validation": 9, "epoch end": 3}


@pytest.mark.parametrize("number", faults.trials(KILLED, 16, 260))
def test_killed(number: int, server: Server, home: Path, tmp_path: Path) -> None:
    """Once at a batch or between two, and then, in every other trial, at any moment."""
    chance = random.Random(number)
    cell = _cell(chance)
    want = _undisturbed(home, cell, server=server)
    moment = chance.choice(list(MOMENTS))
    job = _job(tmp_path, chance, cell)
    assert server.run({**job, "at": [moment, chance.randint(1, MOMENTS[moment])], "how": "kill group"}) == -9
    if number % 2:
        pid = server.start({**job, "pause": 0.01})
        time.sleep(chance.uniform(0, 0.5))
        cut.kill(pid)
        server.wait()
    _goes_on(KILLED, tmp_path, want, server.run(job))


def _ranks_killed(folder: Path, home: Path, number: int, ranks: int, torchrun: bool = False) -> None:
    """By the rank itself: all at once, or the process that started them, whose ranks may live a moment longer."""
    chance, how = random.Random(number), ["kill starter", "kill all"][(number + ranks // 4 + torchrun) % 2]
    cell = CELLS[number % 10 // 5]
    options = [f"--nproc-per-node={ranks}"] if torchrun else None
    want = _undisturbed(home, cell, ranks, options)
    job = _job(folder, chance, cell, ranks)
    at = {"at": ["batch", chance.randint(1, 17)], "rank": chance.randrange(ranks), "how": how, "pause": 0.01}
    first = Script({**job, **at}, options)
    assert first.process.wait(90) == -9
    code = cut.run(job, options)
    first.kill()
    _goes_on(KILLED, folder, want, code, ranks)


@pytest.mark.parametrize("number", faults.trials(KILLED, 1, 20))
def test_two_ranks_are_killed(number: int, home: Path, tmp_path: Path) -> None:
    _ranks_killed(tmp_path, home, number, 2)


@pytest.mark.parametrize("number", faults.trials(KILLED, 1, 10))
def test_four_ranks_are_killed(number: int, home: Path, tmp_path: Path) -> None:
    _ranks_killed(tmp_path, home, number, 4)


@pytest.mark.parametrize("number", faults.trials(KILLED, 1, 10))
def test_ranks_of_torchrun_are_killed(number: int, home: Path, tmp_path: Path) -> None:
    _ranks_killed(tmp_path, home, number, 2, torchrun=True)


# -- SIGTERM, SIGUSR1 -------------------------------------------------------------------------------------------------

NUMBERS = {"SIGTERM": signal.SIGTERM, "SIGUSR1": signal.SIGUSR1}


def _ended(folder: Path, code: int, number: int, sent: float | None, late: float, ranks: int = 1) -> None:
    """The run ended as it should: its code says why, no batch was begun late, and all that was done is saved."""
    sent = float((folder / "happened").read_text()) if sent is None else sent
    took = time.time() - sent
    done = len(cut.samples(folder))
    held = code == 128 + number and cut.saved(folder) == done and took < faults.ROWS[TOLD].limit
    faults.record(TOLD, took, held)
    assert code == 128 + number, cut.told(folder)
    assert cut.saved(folder) == done, "what was done is saved"
    for rank in range(ranks):
        assert len(cut.samples(folder, rank)) == done
        assert cut.lines(folder, rank)[-1][2] < sent + late, "a batch that began after the signal"
    assert took < faults.ROWS[TOLD].limit


@pytest.mark.parametrize("number", faults.trials(TOLD, 12, 150))
def test_told_to_end(number: int, server: Server, home: Path, tmp_path: Path) -> None:
    """In the first batch, in another one, between two, inside a save, in validation, at an epoch's end."""
    chance, name = random.Random(number), ("SIGTERM", "SIGUSR1")[number // 6 % 2]
    cell, moment = _cell(chance), ("first", *MOMENTS)[number % 6]
    want = _undisturbed(home, cell, server=server)
    job = _job(tmp_path, chance, cell)
    at = ["batch begin", 1] if moment == "first" else [moment, chance.randint(1, MOMENTS[moment])]
    code = server.run({**job, "at": at, "how": name})
    _ended(tmp_path, code, NUMBERS[name], None, 0.5)
    if at[0] == "batch begin":
        assert len(cut.lines(tmp_path)) == at[1], "saved after the batch in which it came"
    assert server.run(job) == 0 and cut.outcome(tmp_path) == want


@pytest.mark.parametrize("number", faults.trials(TOLD, 3, 20))
def test_told_at_any_moment(number: int, server: Server, home: Path, tmp_path: Path) -> None:
    """By another process."""
    chance, name = random.Random(number), ("SIGTERM", "SIGUSR1")[number % 2]
    cell = _cell(chance)
    want = _undisturbed(home, cell, server=server)
    job = _job(tmp_path, chance, cell)
    pid = server.start({**job, "pause": 0.05, "pause in validation": 0.05})
    while not cut.lines(tmp_path):
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 1))
    sent = time.time()
    os.kill(pid, NUMBERS[name])
    _ended(tmp_path, server.wait(), NUMBERS[name], sent, 0.5)
    assert server.run(job) == 0 and cut.outcome(tmp_path) == want


@pytest.mark.parametrize("number", faults.trials(TOLD, 2, 10))
def test_told_twice(number: int, server: Server, home: Path, tmp_path: Path) -> None:
    """The second signal ends the process at once, in the midst of a save that takes long; an older one is there."""
    chance, name = random.Random(number), ("SIGTERM", "SIGUSR1")[number % 2]
    cell = _cell(chance)
    want = _undisturbed(home, cell, server=server)
    job = {**_job(tmp_path, chance, cell), "keep": {"save_every": 2}, "slow": 0}
    assert server.run({**job, "at": ["batch", chance.randint(5, 12)], "how": "kill group"}) == -9
    before, done = cut.saved(tmp_path), len(cut.lines(tmp_path))
    pid = server.start({**job, "keep": {"save_every": 100}, "slow": 20, "pause": 0.02})
    while len(cut.lines(tmp_path)) < done + 2:
        time.sleep(0.002)
    os.kill(pid, NUMBERS[name])
    time.sleep(chance.uniform(1.2, 1.6))
    with faults.trial(TOLD):
        os.kill(pid, NUMBERS[name])
        assert server.wait() == -NUMBERS[name]
    assert cut.saved(tmp_path) == before > 0
    assert server.run(job) == 0 and cut.outcome(tmp_path) == want


def _scontrol(folder: Path) -> Path:
    """A folder with a `scontrol` that notes what it is asked."""
    program = folder / "bin" / "scontrol"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder / "asked"}\n')
    program.chmod(0o755)
    return program.parent


def _asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines() if (folder / "asked").exists() else []


ACROSS = [  # (ranks, under torchrun, the rank that hears it, pause, pause in validation)
    (2, False, None, 0.02, 0.0),  # the process that starts the ranks hands it on
    (2, True, 1, 0.02, 0.0),  # one rank alone
    (2, False, None, 0.0, 0.4),  # in a validation that is slow beside the training
    (2, True, None, 0.05, 0.0),  # torchrun itself, which sends SIGTERM to its ranks
    (4, False, None, 0.02, 0.02),
]


@pytest.mark.parametrize("number", faults.trials(TOLD, 3, 20))
def test_ranks_are_told_to_end(number: int, home: Path, tmp_path: Path) -> None:
    chance, (ranks, torchrun, rank, pause, slow) = random.Random(number), ACROSS[number % 5]
    name = "SIGTERM" if torchrun and rank is None else ("SIGUSR1", "SIGTERM")[number % 2]
    cell = CELLS[number % 10 // 5]
    options = [f"--nproc-per-node={ranks}"] if torchrun else None
    want = _undisturbed(home, cell, ranks, options)
    job = _job(tmp_path, chance, cell, ranks)
    job["callbacks"] = ["SlurmRequeue"] if name == "SIGUSR1" else []
    slurm = {"SLURM_JOB_ID": "77", "PATH": f"{_scontrol(tmp_path)}:{os.environ['PATH']}"}
    script = Script({**job, "pause": pause, "pause in validation": slow}, options, **slurm)
    script.until(6 if slow > 0.1 else chance.randint(1, 8), rank or 0)
    time.sleep(chance.uniform(0, 0.05))
    sent = time.time()
    script.send(NUMBERS[name], rank)
    code = script.wait()
    _ended(tmp_path, 128 + NUMBERS[name] if torchrun and code == 1 else code, NUMBERS[name], sent, 3, ranks)
    if torchrun and rank is not None:
        assert f"exitcode  : {128 + NUMBERS[name]}" in cut.told(tmp_path)
    assert _asked(tmp_path) == ["requeue 77"] * len(job["callbacks"])
    assert cut.run(job, options) == 0, cut.told(tmp_path)
    assert cut.outcome(tmp_path, ranks) == want


# -- torchrun begins again by itself ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", faults.trials(KILLED, 1, 10))
def test_torchrun_restarts_the_ranks(number: int, home: Path, tmp_path: Path) -> None:
    """`--max-restarts` with `resume="auto"` in the script: nobody has to do anything."""
    chance, cell = random.Random(number), CELLS[number % 10 // 5]
    want = _undisturbed(home, cell, 2, ["--nproc-per-node=2"])
    at = {"at": ["batch", chance.randint(1, 17)], "rank": number % 2, "how": "kill"}
    job = _job(tmp_path, chance, cell, 2, **at)
    code = cut.run(job, ["--nproc-per-node=2", "--max-restarts=2"])
    assert (tmp_path / "happened").exists()
    _goes_on(KILLED, tmp_path, want, code, 2)


def test_slurm_takes_the_job_back(home: Path, tmp_path: Path) -> None:
    """One process: saved, handed to the queue once, and exact when the job runs again."""
    want = _undisturbed(home, CELLS[0])
    job = {**_job(tmp_path, random.Random(0), CELLS[0]), "callbacks": ["SlurmRequeue"]}
    slurm = {"SLURM_JOB_ID": "77", "PATH": f"{_scontrol(tmp_path)}:{os.environ['PATH']}"}
    assert Script({**job, "at": ["batch", 8], "how": "SIGUSR1"}, **slurm).wait() == 138
    assert cut.saved(tmp_path) == 8 and _asked(tmp_path) == ["requeue 77"]
    assert Script(job, **slurm).wait() == 0 and cut.outcome(tmp_path) == want
    assert _asked(tmp_path) == ["requeue 77"]
