"""Runs that are ended by real signals: `python -m tests.support.cut_jobs JOB`, or `serve` for forks of one process."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
import torch._dynamo  # the first optimizer would import it

import kerastorch as keras
from kerastorch.checkpoint import files
from tests.support import exactness

_IMPORTED = time.monotonic()  # in a fork of the server: set anew when it begins


def rank() -> int:
    """This process among those of its run."""
    return int(os.environ.get("RANK", "0"))


class Watcher(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes down every batch and what the run comes to, for each rank; and lets something happen once.

    Args:
        job: See `train`.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__()
        self.job, self.epoch, self.counts = job, 0, {}
        self.began: float | None = None

    def state_dict(self) -> dict[str, Any]:
        return {}

    def on_train_begin(self, logs: Any = None) -> None:
        self._slow_disk()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        self._at("epoch begin")

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self.began is None:
            self.began = time.monotonic()
            self._write("restart", str(self.began - _IMPORTED))
        self._at("batch begin")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        seen = [self.epoch, batch, time.time(), *exactness.SEEN]
        exactness.SEEN.clear()
        line = f"{json.dumps(seen)}\n".encode()
        log = os.open(Path(self.job["folder"], f"log-{rank()}"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, line)
        os.close(log)
        self._at("batch")
        time.sleep(self.job.get("pause", 0))

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._at("validation")
        time.sleep(self.job.get("pause in validation", 0))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._at("epoch end")

    def on_train_end(self, logs: Any = None) -> None:
        self._write("digest", json.dumps(digest(self.model)))

    def _slow_disk(self) -> None:
        write, seconds = files.write_state, self.job.get("slow", 0)
        if seconds and write.__name__ != "slowly":

            def slowly(*given: Any) -> Any:
                self._at("save")
                time.sleep(seconds)
                return write(*given)

            files.write_state = slowly

    def _at(self, moment: str) -> None:
        """Let it happen, if this is its moment: it came so often in this process."""
        self.counts[moment] = self.counts.get(moment, 0) + 1
        where = self.job.get("at")
        if where is None or [moment, self.counts[moment], rank()] != [*where, self.job.get("rank", 0)]:
            return
        marker = Path(self.job["folder"], "happened")
        if not marker.exists():
            marker.write_text(str(time.time()))
            happen(self.job["how"])

    def _write(self, name: str, text: str) -> None:
        part = Path(self.job["folder"], f"{name}-{rank()}.part")
        part.write_text(text)
        part.rename(part.with_suffix(""))


def happen(how: str) -> None:
    """Do to this process, or to those around it, what the name says."""
    if how == "kill group":
        os.killpg(0, signal.SIGKILL)
    elif how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "kill starter":
        os.kill(os.getppid(), signal.SIGKILL)
    elif how == "kill all":
        me, starter = os.getpid(), psutil.Process(os.getppid())
        others = [p for p in starter.children(recursive=True) if p.pid != me]
        for process in (starter, *others, psutil.Process(me)):
            with suppress(psutil.Error):
                process.kill()
    elif how.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, how))


def digest(model: Any) -> dict[str, str]:
    """SHA-256 of what must be equal; of shards, this rank's own."""
    found = exactness.digest(model, model.history)
    return {name: value for name, value in found.items() if name != "samples"}


def train(job: dict[str, Any]) -> Any:
    """Train as a job says.

    Args:
        job: "folder"; "cell" (kind, shuffle, dropout, window); "keep": `fit`'s options for checkpoints, None for none;
            "compile"; "at" [moment, count], "rank" and "how" of what happens; "slow" seconds to a write; "pause".
    """
    cell, keep, folder = job["cell"], job.get("keep"), Path(job["folder"], "checkpoints")
    options = dict(job.get("compile", {}))
    if job.get("double"):
        keras.config.set_floatx("float64")
    if options.get("strategy") == "fsdp":
        from kerastorch.runtime.strategies import StrategyOptions

        options["strategy"] = StrategyOptions("fsdp", {"min_size": 20})
    exactness.SEEN.clear()
    model = exactness.made(cell["dropout"], cell["window"], **options)
    if folder.exists() and any(folder.glob("checkpoint-*")):
        keras.utils.set_random_seed(99)
    data, held_out = exactness.given(cell["kind"], cell["shuffle"]), exactness._held_out()
    more = {} if keep is None else {"checkpoint_dir": folder, "resume": "auto", **keep}
    more = {"epochs": exactness.EPOCHS, "verbose": 0, "validation_batch_size": 4, **more}
    callbacks = [Watcher(job), *(getattr(keras.callbacks, name)() for name in job.get("callbacks", ()))]
    return model.fit(**data, validation_data=held_out, callbacks=callbacks, **more)


def main(job: dict[str, Any]) -> None:
    """The script."""
    torch.set_num_threads(1)
    train(job)


def serve() -> None:
    """Fork a process for each job that comes, one after the other; tell its id, and how it ended."""
    torch.set_num_threads(1)
    for line in sys.stdin:
        assert threading.active_count() == 1 and len(os.listdir("/proc/self/task")) == 1, "threads before a fork"
        pid = os.fork()
        if pid == 0:
            _fork(json.loads(line))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _fork(job: dict[str, Any]) -> None:
    global _IMPORTED
    _IMPORTED, code = time.monotonic(), 1
    os.setsid()
    told = os.open(Path(job["folder"], "told"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(told, 1)
    os.dup2(told, 2)
    try:
        train(job)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    from tests.support import cut_jobs  # by its name, so that ranks know its classes

    np.random.seed(0)
    cut_jobs.serve() if sys.argv[1] == "serve" else cut_jobs.main(json.loads(sys.argv[1]))
