"""A rank is killed, raises, leaves or is stopped: all end, and the one exception says what, on which rank and where."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from kerastorch.runtime import processes
from kerastorch.runtime.launch import run_on_ranks
from tests.support import faults, rank_faults
from tests.support.processes import children
from tests.support.rank_faults import BATCHES, Mine

ROOT = Path(__file__).parents[2]
ROW, STOPPED = "a rank killed, raising, leaving", "a rank stopped"
AT_ONCE = 4


def _error_of(call: Any, *args: Any) -> BaseException:
    try:
        call(*args)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def _nothing_stays(folder: Path, ranks: int) -> None:
    files = [folder / f"{rank}.pid" for rank in range(ranks)]
    told = [file.read_text().split() for file in files if file.exists()]  # some may have ended before they began
    alive = [int(pid) for pid, _ in told if psutil.pid_exists(int(pid))]
    assert not [pid for pid in alive if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]
    assert not [home for _, home in told if Path(home).name.startswith("kerastorch-") and Path(home).exists()]


def _place(at: int) -> str:
    return "before its first batch" if at < 0 else f"after epoch {at // BATCHES}, batch {at % BATCHES}"


def _trial(folder: Path, seed: int) -> None:
    """One fault at a random step of a random rank of 2 or 3."""
    chance = random.Random(seed)
    ranks = 2 + (seed % 4 == 0)
    rank, at, how = chance.randrange(ranks), chance.randrange(-1, 2 * BATCHES), ("kill", "raise", "leave")[seed % 3]
    folder.mkdir()
    held, took = False, 0.0
    try:
        error = _error_of(run_on_ranks, ranks, rank_faults.train, str(folder), rank, at, how)
        took = time.time() - float((folder / "when").read_text())
        if how == "raise":
            assert isinstance(error, Mine) and error.args == ("of a rank",)
            told = str(error.__cause__)
            assert told.startswith(f"raised on rank {rank} {_place(at)}") and 'raise Mine("of a rank")' in told
        else:
            assert isinstance(error, RuntimeError) and f"Rank {rank} of the run, {_place(at)}" in str(error)
            assert ("exit code -9 (SIGKILL)" if how == "kill" else "exit code 0") in str(error)
        _nothing_stays(folder, ranks)
        held = took < faults.ROWS[ROW].limit
        assert held, f"{how}: {took:.1f} s"
    finally:
        faults.record(ROW, took, held)


@pytest.mark.parametrize("group", faults.trials(ROW, 4, 48))
def test_a_rank_fails(group: int, tmp_path: Path) -> None:
    """Side by side, so that the machine is under load."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seeds = range(group * AT_ONCE, (group + 1) * AT_ONCE)
        for found in [pool.submit(_trial, tmp_path / str(seed), seed) for seed in seeds]:
            found.result()


def test_a_rank_of_a_model_s_fit_fails(tmp_path: Path) -> None:
    with pytest.raises(Mine) as caught:
        rank_faults.train(str(tmp_path), 1, 5, "raise", devices=2)
    took = time.time() - float((tmp_path / "when").read_text())
    faults.record(ROW, took, took < faults.ROWS[ROW].limit)
    assert str(caught.value.__cause__).startswith("raised on rank 1 after epoch 1, batch 1 (both from 0):\n\nTraceback")
    _nothing_stays(tmp_path, 2)


def _stopped(folder: Path, limit: float) -> None:
    folder.mkdir()
    error = _error_of(run_on_ranks, 2, rank_faults.train, str(folder), 1, 5, "stop")
    late = time.time() - float((folder / "when").read_text()) - limit
    held = isinstance(error, TimeoutError) and late < faults.ROWS[STOPPED].limit
    faults.record(STOPPED, late, held)
    assert held, (late, error)
    assert str(error).startswith(f"Rank 1 of the run, {_place(5)}") and "its process is stopped" in str(error)
    assert re.search(r"rank 0: in epoch 1, batch [12] .*does not compute", str(error)) and "Rank 0: Stack" in str(error)
    _nothing_stays(folder, 2)


def _hanging(folder: Path) -> None:
    folder.mkdir()
    error = _error_of(run_on_ranks, 2, rank_faults.hang, str(folder))
    assert isinstance(error, TimeoutError) and float((folder / "when").read_text()) > 0
    assert str(error).startswith("Rank 1 of the run, in epoch 1, batch 1"), "a callback of 6 s was no hang"
    assert re.search(r'Rank 1: Stack.*\n.*rank_faults\.py", line \d+ in train_step', str(error))
    _nothing_stays(folder, 2)


@pytest.mark.parametrize("trial", faults.trials(STOPPED, 1, 10))
def test_a_rank_is_stopped_or_hangs(trial: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTORCH_STEP_TIMEOUT", "3")
    with ThreadPoolExecutor(2) as pool:
        for found in [pool.submit(_stopped, tmp_path / "stop", 3.0), pool.submit(_hanging, tmp_path / "hang")]:
            found.result()


# -- under torchrun ---------------------------------------------------------------------------------------------------


def _torchrun(folder: Path, rank: int, at: int, how: str) -> tuple[float, str]:
    folder.mkdir()
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    command += ["-m", "tests.support.rank_faults", str(folder), str(rank), str(at), how]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "KERASTORCH_STEP_TIMEOUT": "3"}
    with (folder / "err").open("w") as errors:
        agent = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
    try:
        while agent.poll() is None and not (folder / "when").exists():
            time.sleep(0.05)
        assert (folder / "when").exists(), (folder / "err").read_text()
        pids = [int((folder / f"{rank}.pid").read_text().split()[0]) for rank in range(2)]
        while any(map(processes.alive, pids)):
            time.sleep(0.05)
        took = time.time() - float((folder / "when").read_text())  # the ranks have ended; torchrun itself takes longer
        assert agent.wait(60) == 1
    finally:
        agent.kill()
    _nothing_stays(folder, 2)
    return took, (folder / "err").read_text()


@pytest.mark.parametrize("trial", faults.trials(ROW, 1, 3))
def test_under_torchrun(trial: int, tmp_path: Path) -> None:
    """torchrun ends the others; each rank says who it is and where it stood, and what it knows of the others."""
    at = 5 + trial
    hows = ("raise", "kill", "leave", "stop")
    with ThreadPoolExecutor(len(hows)) as pool:
        started = {how: pool.submit(_torchrun, tmp_path / how, 1, at, how) for how in hows}
    texts = {}
    for how, found in started.items():
        took, texts[how] = found.result()
        row, late = (STOPPED, took - 3) if how == "stop" else (ROW, took)
        faults.record(row, late, late < faults.ROWS[row].limit)
        assert late < faults.ROWS[row].limit, how
    named = f"Rank 1 of the run, {_place(at)} (both from 0)."
    told = texts["raise"]
    assert named in told and told.index(named) < told.index("Mine: of a rank") < told.index("ChildFailedError")
    assert "Connection closed" not in told[: told.index("Mine: of a rank")]
    assert "Mine: of a rank" in told[told.index("Root Cause") :], "torchrun's own summary has the traceback"
    who = r"Rank 0 of the run, in epoch \d, batch \d \(both from 0\)\. Ended before: rank 1"
    for how in ("kill", "leave"):  # unless torchrun has ended rank 0 before it could say so
        assert re.search(who, texts[how]) or "Signal 15 (SIGTERM) received by PID" in texts[how], texts[how]
    assert re.search(r"Rank 1 of the run, in epoch .*its process is stopped: ended by rank 0", texts["stop"])


# -- the process that starts the ranks --------------------------------------------------------------------------------


def _ranks_of(parent: int) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(parent).children():
        with suppress(psutil.Error):  # some child processes are there for a moment only
            found += [child] if any(part.endswith("entry.py") for part in child.cmdline()) else []
    return found


def _moment(name: str, parent: int, folder: Path) -> bool:
    if name == "import":
        return len(_ranks_of(parent)) == 2
    wanted = {"begin": "1.pid", "first batch": "1.seen", "mid-run": "1.seen"}[name]
    found = folder / wanted
    return found.exists() and (name != "mid-run" or int(found.read_text()) > 30)


def _launcher_killed(folder: Path, name: str, pause: float) -> None:
    folder.mkdir()
    command = [sys.executable, "-m", "tests.support.rank_faults", str(folder), "0", "100000", "", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "EPOCHS": "100000"}
    parent = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 100
        while not _moment(name, parent.pid, folder) and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(pause)
        ranks = _ranks_of(parent.pid)
        homes = [Path(p.cmdline()[-1]) for p in ranks]
        assert len(ranks) == 2 and homes[0].exists()
    finally:
        parent.kill()
        parent.wait()
    with faults.trial("launcher killed"):
        _, alive = psutil.wait_procs(ranks, timeout=8)
        assert not alive and not homes[0].exists()


@pytest.mark.parametrize("trial", faults.trials("launcher killed", 1, 10))
def test_the_launcher_is_killed(trial: int, tmp_path: Path) -> None:
    """At five moments, side by side: the machine is under load."""
    moments = ["import", "import", "begin", "first batch", "mid-run"]
    pauses = [random.Random(trial * 5 + n).random() for n in range(5)]
    with ThreadPoolExecutor(5) as pool:
        found = [
            pool.submit(_launcher_killed, tmp_path / str(n), moment, pauses[n]) for n, moment in enumerate(moments)
        ]
        for one in found:
            one.result()


@pytest.mark.parametrize("trial", faults.trials("port in use"))
def test_a_port_in_use_is_named(trial: int, tmp_path: Path) -> None:
    """Started by hand: RANK, WORLD_SIZE and a port that another process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "RANK": "0", "WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        }  # fmt: skip
        script = "import time, tests.support.jobs as jobs; print(time.time(), flush=True); jobs.strategy()"
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        took = time.time() - float(done.stdout.split()[0])
    held = done.returncode == 1 and str(port) in done.stderr and "EADDRINUSE" in done.stderr
    faults.record("port in use", took, held and took < faults.ROWS["port in use"].limit)
    assert held and took < 5, (took, done.stderr)


@pytest.mark.slow
def test_thirty_fits_leave_nothing(tmp_path: Path) -> None:
    """Threads, file handles, shared memory, child processes and signal handlers: as after the first."""

    def now() -> tuple[Any, ...]:
        me = psutil.Process()
        return me.num_threads(), me.num_fds(), children(), signal.getsignal(signal.SIGINT)

    model = rank_faults.net()
    first: Any = None
    for number in range(faults.ROWS["fits in one process"].many):
        began = time.monotonic()
        rank_faults.train(str(tmp_path), 0, -2, "", devices=2, epochs=1, model=model)
        _nothing_stays(tmp_path, 2)  # neither processes nor shared memory
        first = first or now()
        faults.record("fits in one process", time.monotonic() - began, now() == first)
        assert now() == first, number
