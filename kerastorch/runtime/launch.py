"""Starting the ranks of a run from one process: a plain script, or a notebook whose kernel has used the device."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std, start_processes

from kerastorch.base import errors
from kerastorch.runtime import chance, settings, shipping
from kerastorch.runtime.strategy import SingleDevice
from kerastorch.runtime.world import LAUNCHED

T = TypeVar("T")
_POLL = 0.05  # seconds between two looks at the processes
_LOG = logging.getLogger("torch.distributed.elastic.multiprocessing.api")


class Launched(SingleDevice):
    """The strategy of the process that starts the ranks: it keeps the model, they train it.

    In the ranks it turns into the strategy that it stands for: pickled, it becomes a call of `again`.

    Args:
        device: Where this process keeps the model.
        size: The number of processes.
        again: Makes the ranks' strategy from their environment; a function of a module, with its arguments.
        whole_graph: That of the ranks' strategy.
        ranks: How many of the processes share a batch; default all.
    """

    name = "launched"

    def __init__(
        self,
        device: torch.device,
        size: int,
        again: tuple[Callable[..., Any], tuple[Any, ...]],
        whole_graph: bool = False,
        ranks: int | None = None,
    ) -> None:
        super().__init__(device)
        self.size, self.again, self.whole_graph = size, again, whole_graph
        self.ranks = ranks or size

    def __reduce__(self) -> Any:
        return self.again

    def launch(self, run: Callable[..., T], *args: Any) -> T | None:
        return run_on_ranks(self.size, run, *args)


def run_on_ranks(size: int, run: Callable[..., T], *args: Any) -> T:
    """Call a function in `size` fresh processes, which meet in one process group; rank 0's result comes back.

    Args:
        size: The number of processes.
        run: The function.
        *args: Its arguments; large arrays are shared.

    Returns:
        What `run` returned on rank 0.

    Raises:
        Exception: What the first failing rank raised, with its traceback.
    """
    home = shipping.folder(_size_of(args))
    try:
        shipping.dump((run, args, chance.state(), settings.state()), home / "job.pickle")
        _run_processes(size, home)
        result, drawn = shipping.load(home / "result.pickle")
        chance.restore(drawn)  # as if rank 0's random numbers had been drawn here
        return result  # type: ignore[no-any-return]
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run_processes(size: int, home: Path) -> None:
    # Rank 0 need not be the one that listens: this process does, on a port that the system gives.
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    ranks = range(size)
    command = ("-m", "kerastorch.runtime.worker", str(home))
    context = start_processes(
        name="rank",
        entrypoint=sys.executable,
        args={rank: command for rank in ranks},
        envs={rank: _environment(rank, size, store.port) for rank in ranks},
        logs_specs=DefaultLogsSpecs(log_dir=str(home / "logs"), tee=_tee()),
        log_line_prefixes={rank: "" for rank in ranks},
    )
    _LOG.setLevel(logging.CRITICAL)  # it tells which process failed; the exception tells why
    try:
        result = context.wait(period=_POLL)
        if result is not None and result.is_failed():
            raise _first_failure(home, result.failures)
    finally:
        _close(context)
        _LOG.setLevel(logging.NOTSET)


def _close(context: Any) -> None:
    """End the processes; and close the logs of those that ended by themselves, which torch leaves open."""
    context.close()
    for handler in context.subprocess_handlers.values():
        for log in (handler._stdout, handler._stderr):
            if log is not None:
                log.close()


def _tee() -> Any:
    """A notebook's cell shows what Python prints, not what a process writes: its output passes through this process."""
    try:
        sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        return Std.ALL
    return Std.NONE


def _environment(rank: int, size: int, port: int) -> dict[str, str]:
    threads = max(1, torch.get_num_threads() // size)
    world = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size}
    return {
        **{name: str(value) for name, value in world.items()},
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS") or str(threads),
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        "TORCHELASTIC_USE_AGENT_STORE": "True",  # the store above is there already
        LAUNCHED: str(os.getpid()),
    }


def _first_failure(home: Path, failures: dict[int, Any]) -> BaseException:
    """What the rank that failed first raised."""
    reported = sorted(home.glob("error-*.pickle"), key=lambda path: path.stat().st_mtime_ns)
    silent = {rank: f for rank, f in failures.items() if not (home / f"error-{rank}.pickle").exists()}
    ended = -signal.SIGTERM  # what those get that wait when one has failed
    silent = {rank: f for rank, f in silent.items() if f.exitcode != ended or not reported}
    if silent:  # killed: what the others report came of it
        reported, failures = [], silent
    for path in reported:
        try:
            error, text, rank = shipping.load(path)
        except Exception:  # an exception that cannot be made again still has its text
            continue
        error.__cause__ = _OnRank(rank, text)
        return error  # type: ignore[no-any-return]
    texts = [path.with_suffix(".txt").read_text(encoding="utf-8") for path in reported]
    rank, failure = min(failures.items(), key=lambda item: item[1].timestamp)
    told = texts[0] if texts else f"exit code {failure.exitcode}"
    return RuntimeError(
        errors.message(
            f"Rank {rank} of the run", expected="to end by itself", received=errors.Said(told),
            remedy="A negative exit code is a signal: -9 most often means that memory ran out.",
        )
    )  # fmt: skip


class _OnRank(Exception):
    """Shows the traceback of another process."""

    def __init__(self, rank: int, text: str) -> None:
        super().__init__(f"raised on rank {rank}:\n\n{text}")


def _size_of(args: Any) -> int:
    """The bytes of the arrays among arguments, roughly."""
    if isinstance(args, dict):
        return sum(map(_size_of, args.values()))
    if isinstance(args, (tuple, list)):
        return sum(map(_size_of, args))
    return int(getattr(args, "nbytes", 0) or 0)
