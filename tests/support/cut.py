"""Starting the jobs of `cut_jobs`, ending them, and reading what they left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from kerastorch.checkpoint import Store

ROOT = Path(__file__).parents[2]
BATCHES = 6  # in an epoch
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
_SCRIPT = [sys.executable, "-m", "tests.support.cut_jobs"]
_TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]


class Server:
    """A process that has imported the library and forks one for each job."""

    def __init__(self) -> None:
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen([*_SCRIPT, "serve"], env=ENVIRONMENT, cwd=ROOT, **pipes)

    def start(self, job: dict[str, Any]) -> int:
        """Begin a job: its process id, which is its group's too."""
        Path(job["folder"]).mkdir(parents=True, exist_ok=True)
        self._process.stdin.write(f"{json.dumps(job)}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def wait(self) -> int:
        """The exit code of the job; of a killed one, the negative signal."""
        return int(self._process.stdout.readline())

    def run(self, job: dict[str, Any]) -> int:
        """Begin a job and wait for its end."""
        self.start(job)
        return self.wait()

    def close(self) -> None:
        """End the server."""
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


class Script:
    """A job as a script, in a process of its own, perhaps under torchrun.

    Args:
        job: See `cut_jobs.train`.
        torchrun: Options of torchrun; None for a plain process.
        **environment: More variables of its environment.
    """

    def __init__(self, job: dict[str, Any], torchrun: list[str] | None = None, **environment: str) -> None:
        self.folder = Path(job["folder"])
        self.folder.mkdir(parents=True, exist_ok=True)
        module = ["-m", "tests.support.cut_jobs"]
        command = _SCRIPT if torchrun is None else [*_TORCHRUN, *torchrun, *module]
        around: Any = {"env": {**ENVIRONMENT, **environment}, "cwd": ROOT, "start_new_session": True}
        with (self.folder / "told").open("a") as told:
            self.process = subprocess.Popen([*command, json.dumps(job)], stdout=told, stderr=told, **around)

    def until(self, batches: int, rank: int = 0, limit: float = 60) -> None:
        """Wait until a rank has done so many batches."""
        end = time.monotonic() + limit
        while len(lines(self.folder, rank)) < batches:
            assert self.process.poll() is None and time.monotonic() < end, (self.folder / "told").read_text()[-3000:]
            time.sleep(0.005)

    def send(self, number: int, rank: int | None = None) -> None:
        """Send a signal to the process that was started, or to one rank."""
        self.process.send_signal(number) if rank is None else os.kill(self.ranks()[rank], number)

    def ranks(self) -> dict[int, int]:
        """The process of each rank."""
        found = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if child.ppid() == self.process.pid and "RANK" in (around := child.environ()):
                    found[int(around["RANK"])] = child.pid
        return found

    def wait(self, limit: float = 90) -> int:
        """Its exit code."""
        try:
            return self.process.wait(limit)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it and all that it has started, at once."""
        with suppress(psutil.Error):
            parent = psutil.Process(self.process.pid)
            for one in (*parent.children(recursive=True), parent):
                with suppress(psutil.Error):
                    one.kill()
        self.process.wait()


def run(job: dict[str, Any], torchrun: list[str] | None = None) -> int:
    """Run a script to its end: its exit code."""
    return Script(job, torchrun).wait()


def lines(folder: str | Path, rank: int = 0) -> list[list[Any]]:
    """What a rank wrote down: for each batch [epoch, batch, time, *samples]."""
    path = Path(folder, f"log-{rank}")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def samples(folder: str | Path, rank: int = 0) -> dict[tuple[int, int], list[int]]:
    """The samples of each batch; a batch that was done again had the same ones."""
    found: dict[tuple[int, int], list[int]] = {}
    for epoch, batch, _, *ids in lines(folder, rank):
        assert found.setdefault((epoch, batch), ids) == ids, f"epoch {epoch}, batch {batch} was another one"
    return found


def outcome(folder: str | Path, ranks: int = 1) -> list[Any]:
    """What a run came to, on each rank."""
    told = [json.loads(Path(folder, f"digest-{rank}").read_text()) for rank in range(ranks)]
    return [(one, samples(folder, rank)) for rank, one in enumerate(told)]


def restart(folder: str | Path, ranks: int = 1) -> float:
    """Seconds from the end of the imports to the first batch, of the slowest rank."""
    return max(float(Path(folder, f"restart-{rank}").read_text()) for rank in range(ranks))


def saved(folder: str | Path) -> int:
    """Batches that the newest checkpoint holds."""
    found = Store(Path(folder, "checkpoints")).newest()
    return 0 if found is None else found.about["epoch"] * BATCHES + found.about["batch"]


def told(folder: str | Path) -> str:
    """The end of what the processes printed."""
    path = Path(folder, "told")
    return path.read_text()[-4000:] if path.exists() else ""


def kill(pid: int) -> None:
    """Kill a process group, if it is still there."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
