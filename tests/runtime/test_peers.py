"""A rank that torchrun started: how it names itself, and which of the others it ends; see also tests/faults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kerastorch.runtime import heartbeat, peers, processes
from kerastorch.runtime.heartbeat import Page
from kerastorch.runtime.peers import Peers
from kerastorch.runtime.world import LAUNCHED, World

WORLD = World(rank=1, size=3, local_rank=1, local_size=3, master=("127.0.0.1", 1))


def test_an_error_is_named_and_told_to_the_launcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(processes, "ranks_beside", lambda: {0: os.getpid(), 2: 2**30})
    page = Page()
    page.enter(1, 5)
    known = Peers(WORLD, page)
    known.look()
    try:
        raise KeyError("mine")
    except KeyError as error:
        known.excepthook(KeyError, error, error.__traceback__)
    told = capsys.readouterr().err
    assert told.startswith("Rank 1 of the run, in epoch 1, batch 5 (both from 0). Ended before: rank 2.\nTraceback")
    assert "test_peers.py" in told and told.endswith("KeyError: 'mine'\n")
    noted = json.loads((tmp_path / "error.json").read_text())["message"]
    assert noted["message"] == "KeyError: 'mine'" and "test_peers.py" in noted["extraInfo"]["py_callstack"]
    (tmp_path / "error.json").unlink()
    known.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert not (tmp_path / "error.json").exists(), "an interrupt is no error"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_rank_that_is_stopped_for_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("KERASTORCH_STEP_TIMEOUT", "0.3")
    page = Page()
    page.enter(0, 7), page.enter(0, 8)
    with subprocess.Popen(["sleep", "60"]) as stopped, subprocess.Popen(["sleep", "60"]) as waiting:
        try:
            monkeypatch.setattr(processes, "ranks_beside", lambda: {0: waiting.pid, 2: stopped.pid})
            first, second = Peers(World(0, 3, 0, 3, ("", 1)), page), Peers(WORLD, page)
            monkeypatch.setattr(processes, "stopped", lambda pid: pid == stopped.pid)
            end = time.monotonic() + 10
            while time.monotonic() < end - 9:
                second.look()
                time.sleep(0.05)
            assert stopped.poll() is None and capsys.readouterr().err == "", "rank 0 is there: it does that"
            monkeypatch.setattr(processes, "ranks_beside", lambda: {1: waiting.pid, 2: stopped.pid})
            while time.monotonic() < end and stopped.poll() is None:
                first.look()
                time.sleep(0.05)
            assert stopped.poll() == -9 and waiting.poll() is None
        finally:
            stopped.kill(), waiting.kill()
    told = capsys.readouterr().err.splitlines()[0]
    assert told.startswith("Rank 2 of the run, in epoch 0, batch 8") and told.endswith("ended by rank 0.")


def test_ranks_that_are_watched_already_do_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    hook = sys.excepthook
    monkeypatch.setenv(LAUNCHED, "1")
    peers.begin(WORLD)
    assert heartbeat.mine is None
    monkeypatch.delenv(LAUNCHED)
    page = Page()
    monkeypatch.setattr(heartbeat, "mine", page)
    peers.begin(WORLD)
    assert heartbeat.mine is page and sys.excepthook is hook
