"""A process that `runtime.launch` started: `python -m kerastorch.runtime.worker FOLDER`."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from pathlib import Path

import torch.distributed as dist

from kerastorch.runtime import chance, shipping
from kerastorch.runtime.world import LAUNCHED


def main(home: Path) -> None:
    """Do the job that lies in a folder; rank 0 leaves its result there, whoever fails leaves its error."""
    rank = int(os.environ["RANK"])
    _end_with_parent(int(os.environ[LAUNCHED]))
    try:
        run, args, drawn = shipping.load(home / "job.pickle")
        chance.restore(drawn)
        result = run(*args)
        if rank == 0:
            shipping.dump((result, chance.state()), home / "result.pickle")
    except BaseException as error:
        _report(error, home / f"error-{rank}.pickle", rank)
        sys.stdout.flush()
        os._exit(1)  # the others wait in a collective that this rank will not join
    if dist.is_initialized():
        dist.destroy_process_group()


def _report(error: BaseException, path: Path, rank: int) -> None:
    text = "".join(traceback.format_exception(error))
    path.with_suffix(".txt").write_text(text, encoding="utf-8")
    try:
        shipping.dump((error.with_traceback(None), text, rank), path)
    except Exception:
        path.write_bytes(b"")  # the text is all that can travel


def _end_with_parent(parent: int) -> None:
    """End this process soon after the one that started it, however that ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
