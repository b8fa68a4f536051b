from __future__ import annotations

import mmap

import numpy as np
import pytest

import kerastorch as keras
from kerastorch.callbacks import DeviceMemoryMonitor
from kerastorch.callbacks.device_memory_monitor import GIB, process_memory


def run(device: str) -> dict[str, list[float]]:
    model = keras.Sequential([keras.Input((256,)), keras.layers.Dense(1024), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", device=device)
    x, y = np.ones((64, 256), "float32"), np.ones((64, 1), "float32")
    return model.fit(x, y, epochs=2, verbose=0, callbacks=[DeviceMemoryMonitor()]).history


def test_on_the_cpu_it_is_the_process() -> None:
    history = run("cpu")
    now, peak = process_memory()
    assert 0.01 < history["memory_gib"][1] <= history["memory_peak_gib"][1] <= peak / GIB + 1e-3
    assert now <= peak


def test_it_sees_what_is_taken() -> None:
    before, _ = process_memory()
    with mmap.mmap(-1, 2**27) as held:  # a tensor may take memory that the process has kept
        for page in range(0, len(held), mmap.PAGESIZE):
            held[page] = 1
        after, peak = process_memory()
    assert after - before > 100 * 2**20
    assert peak >= after


@pytest.mark.gpu
def test_on_cuda_it_is_the_device() -> None:
    history = run("cuda")
    weights = 4 * (256 * 1024 + 2 * 1024 + 1) / GIB
    assert weights <= history["memory_gib"][1] < history["memory_peak_gib"][1]
