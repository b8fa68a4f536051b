"""KeyboardInterrupt: `fit` ends soon, the kernel lives, the model is usable, history is kept, the next fit works."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from jupyter_client.manager import start_new_kernel

import kerastorch as keras
from kerastorch import layers
from tests.support import faults

ROOT = Path(__file__).parents[2]
ROW = "KeyboardInterrupt"
LIMIT = 3.0

# Trains until it is interrupted, then again for one epoch; a line of JSON for each.
SCRIPT = """
import json, time
import numpy as np
import kerastorch as keras

class Pace(keras.callbacks.Callback):
    rank_zero_only = True

    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.01)
        if epoch == 3:
            print("training", flush=True)

x = np.random.default_rng(0).normal(size=(48, 3)).astype("float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])

def until_interrupted(devices):
    model.compile("sgd", "mse", device="cpu", devices=devices)
    before = model.get_weights()
    try:
        model.fit(x, x[:, :2], batch_size=12, epochs=100_000, verbose=0, callbacks=[Pace()])
    except KeyboardInterrupt as error:
        ended, cause = time.time(), type(error).__name__
    losses = model.history.history["loss"]
    trained = any((a != b).any() for a, b in zip(before, model.get_weights()))
    found = {"ended": ended, "raised": cause, "epochs": len(losses), "trained": bool(trained)}
    model.compile("sgd", "mse", device="cpu")
    found["next"] = len(model.fit(x, x[:, :2], batch_size=12, epochs=1, verbose=0).history["loss"])
    print(json.dumps(found), flush=True)
"""


def _check(found: dict[str, Any], sent: float) -> None:
    took = found["ended"] - sent
    held = found["raised"] == "KeyboardInterrupt" and found["trained"] and found["epochs"] >= 3 and found["next"] == 1
    faults.record(ROW, took, held and took < LIMIT)
    assert held and took < LIMIT, (took, found)


@pytest.mark.parametrize("seed", faults.trials(ROW, 5, 90))
def test_in_this_process(seed: int) -> None:
    """At any moment of a fit on one device."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.BatchNormalization()])
    model.compile("adam", "mse", device="cpu", metrics=["mae"])
    x = np.random.default_rng(seed).normal(size=(200, 3)).astype("float32")
    data = {"x": x, "y": x[:, :2], "batch_size": 20, "verbose": 0, "validation_split": 0.2}
    model.fit(**data)
    sent: list[float] = []
    begun = threading.Event()

    def interrupt() -> None:
        begun.wait(30)
        time.sleep(random.Random(seed).random() * 0.5)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        model.fit(
            **data, epochs=100_000, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: begun.set())]
        )
    took = time.monotonic() - sent[0]
    thread.join()
    kept = model.history.history
    assert len(kept["val_mae"]) >= 1 and len({len(values) for values in kept.values()} | {len(kept["loss"])}) <= 2
    held = np.isfinite(model.predict(x, verbose=0)).all() and len(model.fit(**data, epochs=2).history["loss"]) == 2
    assert threading.active_count() <= threads
    faults.record(ROW, took, bool(held) and took < LIMIT)
    assert held and took < LIMIT


@pytest.mark.parametrize("trial", faults.trials(ROW, 1, 5))
def test_in_a_script(trial: int, tmp_path: Path) -> None:
    """On two ranks: a signal to the script alone, then to its whole process group, as a terminal sends it."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + "until_interrupted(2)\nuntil_interrupted(2)\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        try:
            for send in (os.kill, os.killpg):
                assert process.stdout is not None and process.stdout.readline() == "training\n"
                ranks = psutil.Process(process.pid).children(recursive=True)
                time.sleep(random.Random(trial).random() * 0.2)
                sent = time.time()
                send(process.pid, signal.SIGINT)
                _check(json.loads(process.stdout.readline()), sent)
                assert len(ranks) >= 2 and not psutil.wait_procs(ranks, timeout=1)[1]
            assert process.wait(30) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("trial", faults.trials(ROW, 1, 5))
def test_in_a_notebook(trial: int) -> None:
    """A real kernel, interrupted as the stop button does it: on one device, on two ranks, on one device again."""
    manager, client = start_new_kernel(env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    try:
        _told(client, client.execute(SCRIPT), manager)
        for devices in ("None", "2", "None"):
            lines = _told(client, client.execute(f"until_interrupted({devices})"), manager)
            _check(json.loads(lines[-1]), float(lines[0]))
        assert _told(client, client.execute("print(len(model.weights))"), manager) == ["2"]
        assert manager.is_alive() and not _ranks_of(manager.provisioner.pid)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.context.term()


def _ranks_of(pid: int) -> list[psutil.Process]:
    return [p for p in psutil.Process(pid).children(recursive=True) if any("entry.py" in part for part in p.cmdline())]


def _told(client: Any, request: str, manager: Any) -> list[str]:
    """What a cell printed; it is interrupted when it says "training", which turns into the time of it."""
    lines: list[str] = []
    while True:
        message = client.get_iopub_msg(timeout=60)
        kind, content = message["msg_type"], message["content"]
        if message["parent_header"].get("msg_id") != request:
            continue
        if kind == "status" and content["execution_state"] == "idle":
            return lines
        assert kind != "error", "\n".join(content["traceback"])
        for line in content["text"].splitlines() if kind == "stream" and content["name"] == "stdout" else ():
            if line == "training":
                line = repr(time.time())
                manager.interrupt_kernel()
            lines.append(line)
