"""The work of a process that `runtime.launch` started: `python -m kerastorch.runtime.worker FOLDER`."""

from __future__ import annotations

import atexit
import faulthandler
import os
import signal
import sys
from pathlib import Path

import torch.distributed as dist

from kerastorch.base import chance
from kerastorch.runtime import failure, heartbeat, settings, shipping


def main(home: Path) -> None:
    """Do the job that lies in a folder; rank 0 leaves its result there, whoever fails leaves its error."""
    rank = int(os.environ["RANK"])
    _listen(home, rank)
    page = heartbeat.Page(home / f"heart-{rank}")
    heartbeat.begin(page)
    try:
        run, args, drawn, known = shipping.load(home / "job.pickle")
        chance.restore(drawn)
        settings.restore(known)
        result = run(*args)
        if rank == 0:
            shipping.dump((result, chance.state()), home / "result.pickle")
    except BaseException as error:
        failure.report(error, home, rank, heartbeat.where())
        sys.stdout.flush()
        os._exit(1)  # the others wait in a collective that this rank will not join
    page.reach(heartbeat.DONE)
    if dist.is_initialized():
        dist.destroy_process_group()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # torch's threads may abort the interpreter's own way out


def _listen(home: Path, rank: int) -> None:
    """What signals do: an interrupt is for the process that started this one; a crash or SIGUSR2 tells the stack."""
    signal.signal(signal.SIGINT, lambda number, frame: None)
    stacks = failure.stack_file(home, rank).open("w", encoding="utf-8")  # stays open as long as the process is there
    faulthandler.enable(stacks, all_threads=False)
    if hasattr(signal, "SIGUSR2"):
        faulthandler.register(signal.SIGUSR2, stacks, all_threads=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
