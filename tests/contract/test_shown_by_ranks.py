"""What the user of a launched run sees: rank 0's bar in a terminal, its table of times, each warning once."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """
    import numpy as np, torch
    import kerastorch as keras

    torch.set_num_threads(1)
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", device="cpu", devices=2, jit_compile=True)
    profiler = keras.callbacks.Profiler()
    model.fit(x, x.sum(1, keepdims=True), batch_size=8, epochs=3, profile=profiler)
    print("parts:", *profiler.times, all(seconds > 0 for seconds in profiler.times.values()))
"""


def test_a_launched_run_in_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT))
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    started = subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    text = ""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end was closed
            break
        if not part:
            break
        text += part.decode(errors="replace")
    os.close(ours)
    assert started.wait(60) == 0, text
    assert text.count("Epoch 1/3") == 1 and "\r" in text and "━" in text  # one bar, drawn over and over
    assert text.count("Where the time goes") == 1
    assert "parts: data forward metrics backward optimizer callbacks other True" in text
    said = "jit_compile: the training step goes on without being compiled. A compiled step: expected one device"
    assert text.count("jit_compile:") == text.count(f"{said}, received 2 devices.") == 1, text
