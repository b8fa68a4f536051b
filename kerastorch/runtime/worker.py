"""A process that `runtime.launch` started: `python -m kerastorch.runtime.worker FOLDER`."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path

import torch.distributed as dist

from kerastorch.runtime import chance, settings, shipping
from kerastorch.runtime.world import LAUNCHED


def main(home: Path) -> None:
    """Do the job that lies in a folder; rank 0 leaves its result there, whoever fails leaves its error."""
    rank = int(os.environ["RANK"])
    _end_with_parent(int(os.environ[LAUNCHED]), home)
    try:
        run, args, drawn, known = shipping.load(home / "job.pickle")
        chance.restore(drawn)
        settings.restore(known)
        result = run(*args)
        if rank == 0:
            shipping.dump((result, chance.state()), home / "result.pickle")
    except BaseException as error:
        _report(error, home / f"error-{rank}.pickle", rank)
        sys.stdout.flush()
        os._exit(1)  # the others wait in a collective that this rank will not join
    if dist.is_initialized():
        dist.destroy_process_group()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # torch's threads may abort the interpreter's own way out


def _report(error: BaseException, path: Path, rank: int) -> None:
    text = "".join(traceback.format_exception(error))
    path.with_suffix(".txt").write_text(text, encoding="utf-8")
    try:
        shipping.dump((error.with_traceback(None), text, rank), path)
    except Exception:
        path.write_bytes(b"")  # the text is all that can travel


def _end_with_parent(parent: int, home: Path) -> None:
    """End this process soon after the one that started it, however that ended, and leave nothing of it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        while home.exists():  # the other ranks may be writing into it, or at this themselves
            shutil.rmtree(home, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
