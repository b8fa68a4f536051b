"""Starting the ranks of a run from one process: a plain script, or a notebook whose kernel has used the device."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException, Std, start_processes

from kerastorch.base import chance
from kerastorch.runtime import entry, heartbeat, settings, shipping
from kerastorch.runtime.signals import Signals
from kerastorch.runtime.strategy import SingleDevice
from kerastorch.runtime.watch import Watch
from kerastorch.runtime.world import LAUNCHED

T = TypeVar("T")
_LOG = logging.getLogger("torch.distributed.elastic.multiprocessing.api")
_TORCH_HANDLES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")


class Interrupted(KeyboardInterrupt):
    """The user interrupted a run whose ranks have handed back what they had.

    Attributes:
        result: What rank 0 gave.
    """

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


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
        TimeoutError: A rank hangs, see `runtime.hang`.
        Interrupted: The user interrupted this process; the ranks ended their batch, and rank 0 gave a result.
        SystemExit: SIGTERM or SIGUSR1 came and was handed on to the ranks, which ended.
    """
    home = shipping.folder(_size_of(args))
    try:
        shipping.dump((run, args, chance.state(), settings.state()), home / "job.pickle")
        interrupted = _run_processes(size, home)
        result, drawn = shipping.load(home / "result.pickle")
        chance.restore(drawn)  # as if rank 0's random numbers had been drawn here
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if interrupted:
        raise Interrupted(result)
    return result  # type: ignore[no-any-return]


def _run_processes(size: int, home: Path) -> bool:
    """Start the ranks and see them end; whether the user interrupted them."""
    # Rank 0 need not be the one that listens: this process does, on a port that the system gives.
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    pages = {rank: heartbeat.Page.make(home / f"heart-{rank}") for rank in range(size)}
    level = _LOG.level
    _LOG.setLevel(logging.CRITICAL)  # it tells which process failed; the exception tells why
    try:
        context = _start(size, home, store.port)
        watch = Watch(home, {rank: one.proc for rank, one in context.subprocess_handlers.items()}, pages)
        try:
            with Signals(("SIGINT", "SIGTERM", "SIGUSR1")) as signals:
                watch.wait(signals)
        finally:
            with Signals(("SIGINT",)):  # an impatient user should not leave processes behind
                watch.end()
                _close(context)
        if signals.received not in (None, signal.SIGINT, watch.handed_on):
            raise SystemExit(signals.exit_code)  # it came when the ranks had just ended
        return signals.received == signal.SIGINT
    finally:
        _LOG.setLevel(level)
        for page in pages.values():
            page.close()


def _start(size: int, home: Path, port: int) -> Any:
    ranks = range(size)
    with _own_handlers():
        return start_processes(
            name="rank",
            entrypoint=sys.executable,
            args={rank: entry.command(home) for rank in ranks},
            envs={rank: _environment(rank, size, port) for rank in ranks},
            logs_specs=DefaultLogsSpecs(log_dir=str(home / "logs"), tee=_tee()),
            log_line_prefixes={rank: "" for rank in ranks},
        )


@contextmanager
def _own_handlers() -> Iterator[None]:
    """Torch puts handlers of its own in place when it starts processes, for good: put back what was there."""
    numbers = [getattr(signal, name) for name in _TORCH_HANDLES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    except SignalException as error:
        if error.sigval == signal.SIGINT:
            raise KeyboardInterrupt from None
        raise SystemExit(128 + error.sigval) from None
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def _close(context: Any) -> None:
    """Let go of the processes, which have ended, and of the logs that torch leaves open."""
    context.close(timeout=1)
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


def _size_of(args: Any) -> int:
    """The bytes of the arrays among arguments, roughly."""
    if isinstance(args, dict):
        return sum(map(_size_of, args.values()))
    if isinstance(args, (tuple, list)):
        return sum(map(_size_of, args))
    return int(getattr(args, "nbytes", 0) or 0)
