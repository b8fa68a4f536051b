"""Thousands of fits in one process, with checkpoints and without: memory, handles and threads stay what they were."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

import kerastorch as keras
from tests.support import faults

FITS, WARM = 2_000, 200


@pytest.mark.slow
def test_two_thousand_fits(tmp_path: Path) -> None:
    x, y = np.ones((16, 4), "float32"), np.ones((16, 1), "float32")
    process, began = psutil.Process(), time.monotonic()
    before = None
    for number in range(FITS):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2), keras.layers.Dense(1)])
        model.compile("adam", "mse", device="cpu")
        folder = tmp_path / str(number % 7) if number % 5 == 0 else None
        resume = "auto" if folder else None
        model.fit(x, y, batch_size=8, epochs=2, verbose=0, checkpoint_dir=folder, resume=resume)
        if number == WARM:
            gc.collect()
            before = process.memory_info().rss, process.num_fds(), process.num_threads()
    gc.collect()
    after = process.memory_info().rss, process.num_fds(), process.num_threads()
    assert before is not None
    grown = (after[0] - before[0]) / 2**20
    held = grown < 20 and after[1:] == before[1:]
    faults.record("fits in one process", time.monotonic() - began, held)
    assert held, f"{grown:.1f} MiB, handles and threads {before[1:]} -> {after[1:]}"
