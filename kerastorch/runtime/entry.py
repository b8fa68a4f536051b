"""How a rank's process begins: it watches the process that started it, even while torch is imported.

Run as `python entry.py PARENT FOLDER`, through `runpy`; it imports nothing that takes time, then becomes `worker`.
"""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

_POLL = 0.25  # seconds between two looks at the parent


def end_with(parent: int, home: Path) -> None:
    """End this process, and those it has started, soon after its parent, however that ended; leave no folder."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL)
        while home.exists():  # the other ranks may be writing into it, or at this themselves
            shutil.rmtree(home, ignore_errors=True)
        if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()


def command(home: Path) -> tuple[str, ...]:
    """The arguments of Python that start a rank which does the job in a folder."""
    begin = "import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
    return ("-c", begin, __file__, str(os.getpid()), str(home))


if __name__ == "__main__":
    end_with(int(sys.argv.pop(1)), Path(sys.argv[1]))
    runpy.run_module("kerastorch.runtime.worker", run_name="__main__", alter_sys=True)
