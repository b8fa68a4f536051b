"""How a rank's process begins: it ends with its parent, and what it started with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from kerastorch.runtime import entry

# A parent whose child watches it, starts a process of its own, and stays.
CHILD = """
import subprocess, sys, time
from pathlib import Path
sys.path.insert(0, {folder!r})
import entry
entry.end_with(int(sys.argv[1]), Path(sys.argv[2]))
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid()), sys.argv[2]], start_new_session=True)
time.sleep(60)
"""


def test_a_process_ends_with_its_parent_and_takes_its_own_along(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "job.pickle").write_text("")
    child = CHILD.format(folder=str(Path(entry.__file__).parent))
    command = [sys.executable, "-c", PARENT, child, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        grandchild = int(parent.stdout.readline())
        started = [*psutil.Process(parent.pid).children(recursive=True)]
        assert grandchild in [p.pid for p in started] and len(started) == 2
        time.sleep(0.5)
        assert all(p.is_running() for p in started) and home.exists()
        parent.kill()
    assert not psutil.wait_procs(started, timeout=5)[1] and not home.exists()


def test_it_imports_nothing_that_takes_time() -> None:
    script = f"import runpy, sys; runpy.run_path({entry.__file__!r}); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_folder_is_the_last_argument(tmp_path: Path) -> None:
    assert entry.command(tmp_path)[-3:] == (entry.__file__, str(os.getpid()), str(tmp_path))
