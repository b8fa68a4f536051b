"""What the system tells of processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from kerastorch.runtime import processes


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_process_from_its_start_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getppid", os.getpid)  # so that a child is a process beside this one
    environment = {**os.environ, "RANK": "4", "WORLD_SIZE": "8", "MASTER_PORT": "77"}
    script = "print('ready', flush=True)\nimport time\nend = time.time() + 0.3\nwhile time.time() < end: pass\n"
    script += "print('done', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        pid = process.pid
        try:
            beside = processes.ranks_beside({"WORLD_SIZE": "8", "MASTER_PORT": "77"})
            assert beside == {4: pid}, "of this run, and of no other"
            assert processes.ranks_beside({"WORLD_SIZE": "8", "MASTER_PORT": "78"}) == {}
            assert processes.alive(pid) and not processes.stopped(pid)
            process.stdout.readline()
            assert processes.processor_seconds(pid) >= 0.05
            process.send_signal(signal.SIGSTOP)
            end = time.monotonic() + 5
            while not processes.stopped(pid) and time.monotonic() < end:
                time.sleep(0.01)
            assert processes.stopped(pid) and processes.alive(pid)
        finally:
            process.kill()
        end = time.monotonic() + 5
        while processes.alive(pid) and time.monotonic() < end:
            time.sleep(0.01)
        assert not processes.alive(pid), "it has ended, though nobody has asked for its exit code"
    assert not processes.alive(pid) and not processes.stopped(pid) and processes.processor_seconds(pid) == 0.0


def test_a_process_of_another_user_is_alive() -> None:
    assert processes.alive(1)
