"""A DataLoader's worker raises, dies or stops: told with item, batch, process; none of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import kerastorch as keras
from kerastorch import layers
from tests.support.faults import record, trials
from tests.support.processes import children

ROOT = Path(__file__).parents[2]
ROW = "DataLoader worker killed, raising, stopped"
KINDS = ("raises", "killed", "stopped", "leaves")
SAMPLES, SIZE = 60, 4
pytestmark = [
    pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc"),
    # torch, told of a death by a signal while it looks how many files may be opened, leaves one open
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Faulty(Dataset):  # type: ignore[type-arg]
    """Something happens at one item; when and to which process is noted where all processes see it."""

    def __init__(self, kind: str, item: int) -> None:
        self.kind, self.item = kind, item
        self.noted = torch.zeros(2, dtype=torch.float64).share_memory_()

    def __len__(self) -> int:
        return SAMPLES

    def __getitem__(self, index: int) -> Any:
        if index == self.item and self.kind != "fine":
            self.noted[:] = torch.tensor([time.monotonic(), os.getpid()], dtype=torch.float64)
            if self.kind == "raises":
                raise OSError(f"{index}.png is cut short")
            if self.kind == "leaves":
                os._exit(3)
            os.kill(os.getpid(), {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP}[self.kind])
        return np.full(3, index, "float32"), np.ones(1, "float32")


def net() -> Any:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("seed", trials(ROW))
def test_a_worker_fails(seed: int) -> None:
    random = np.random.default_rng(seed)
    kind, item = KINDS[seed % 4], int(random.integers(SAMPLES))
    data, model = Faulty(kind, item), net()
    loader: Any = DataLoader(
        data, SIZE, shuffle=bool(random.integers(2)), num_workers=int(random.integers(1, 3)),
        persistent_workers=bool(random.integers(2)),
    )  # fmt: skip
    before = children()
    took, held, begun = float("inf"), False, Begun()
    try:
        with pytest.raises((OSError, RuntimeError)) as caught:
            model.fit(loader, verbose=0, epochs=2, callbacks=[begun])
        took = time.monotonic() - float(data.noted[0])
        if kind != "raises" and not begun.told:  # torch tells of a death where the main thread is: the model was built
            assert str(int(data.noted[1])) in str(caught.value)
            del caught
        else:
            check(kind, item, int(data.noted[1]), caught.value)
        if kind == "raises" and loader.persistent_workers:
            assert children() > before  # they wait for the next pass
        else:
            assert children() <= before
        data.kind = "fine"
        if kind != "raises":  # (workers that live still hold the data as they were)
            assert len(model.fit(loader, verbose=0, epochs=2).history["loss"]) == 2
        loader._iterator = None  # ends workers that are kept
        assert took <= 5.0, f"{kind}: {took:.1f} s"
        held = True
    finally:
        record(ROW, took, held)


class Begun(keras.callbacks.Callback):  # type: ignore[misc]
    """Whether training began."""

    told = False

    def on_train_begin(self, logs: Any = None) -> None:
        self.told = True


def check(kind: str, item: int, pid: int, error: BaseException) -> None:
    text = "\n".join([str(error), *getattr(error, "__notes__", [])])
    if kind == "raises":
        assert type(error) is OSError and "Original Traceback" in text and f"{item}.png is cut short" in text
        assert f"fetching item {item} of the dataset" in text and "making batch " in text
        return
    assert (
        type(error) is RuntimeError and f"(pid {pid})" in text and ("batch " in text or " batches of a pass" in text)
    ), text
    ways = {
        "killed": "was ended by SIGKILL, most",
        "stopped": "SIGKILL: it was stopped for 3 s",
        "leaves": "exit code 3",
    }
    assert ways[kind] in text, text


def test_an_error_within_a_step_names_the_worker_too() -> None:
    """torch tells of a death as soon as it hears of it, wherever the main thread is."""
    before = children()

    class Kill(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                os.kill(min(children() - before), signal.SIGKILL)
                time.sleep(5)  # the error ends it

    with pytest.raises(RuntimeError, match="killed by signal") as caught:
        net().fit(DataLoader(Faulty("fine", 0), SIZE, num_workers=2), verbose=0, callbacks=[Kill()])
    if sys.version_info >= (3, 11):
        assert "After 3 batches of a pass over the DataLoader. Worker" in caught.value.__notes__[0]
    assert children() <= before


SCRIPT = """
    import time
    from tests.faults.test_workers import Faulty, net
    from torch.utils.data import DataLoader
    import kerastorch as keras, psutil

    class Tell(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                print(*(child.pid for child in psutil.Process().children()), flush=True)
            time.sleep(0.2)

    net().fit(DataLoader(Faulty("fine", 0), 4, num_workers=2), epochs=50, verbose=0, callbacks=[Tell()])
"""


@pytest.mark.parametrize("trial", trials(ROW, 1, 5))
def test_the_main_process_is_killed(trial: int, tmp_path: Path) -> None:
    """torch's workers look for their parent every 5 s."""
    script = tmp_path / "script.py"
    script.write_text("\n".join(line[4:] for line in SCRIPT.splitlines()))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, text=True) as main:
        assert main.stdout is not None
        workers = [psutil.Process(int(pid)) for pid in main.stdout.readline().split()]
        assert len(workers) == 2
        time.sleep(0.3 * trial)
        main.kill()
    began = time.monotonic()
    _, alive = psutil.wait_procs(workers, timeout=8)
    record("DataLoader workers whose main process is killed", time.monotonic() - began, not alive)
    for worker in alive:
        worker.kill()
    assert not alive
