"""Memory: many fits leave it flat, an array on disk stays on disk."""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

import kerastorch as keras

HERE = psutil.Process()


def _model(width: int = 16) -> Any:
    model = keras.Sequential([keras.Input((width,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return model


def _objects(kind: type) -> int:
    gc.collect()
    return sum(issubclass(type(thing), kind) for thing in gc.get_objects())  # isinstance would ask lazy objects


def test_refitting_one_model_leaves_nothing_behind() -> None:
    model, x, y = _model(), np.ones((64, 16), "float32"), np.ones((64, 1), "float32")

    def fit(times: int) -> tuple[int, int, int]:
        for _ in range(times):
            model.fit(x, y, verbose=0, validation_split=0.25)
        return _objects(torch.Tensor), threading.active_count(), HERE.num_fds()

    assert fit(3) == fit(20)


def test_models_that_were_fitted_are_freed() -> None:
    x, y = np.ones((64, 16), "float32"), np.ones((64, 1), "float32")

    def fit(times: int) -> int:
        for _ in range(times):
            _model().fit(x, y, verbose=0)
        return _objects(torch.nn.Module) + _objects(torch.Tensor)

    before = fit(2)
    assert fit(10) <= before + 4


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_mapped_array_is_not_read_into_memory(tmp_path: Path, shuffle: bool) -> None:
    rows, width = 32768, 1024  # 128 MiB, of which a batch is 512 KiB
    path = tmp_path / "x.npy"
    written = np.lib.format.open_memmap(path, mode="w+", dtype="float32", shape=(rows, width))
    written[:] = 0.5
    written.flush()
    del written
    x, y = np.load(path, mmap_mode="r"), np.zeros((rows, 1), "float32")
    model = _model(width)
    model.fit(np.zeros((256, width), "float32"), y[:256], batch_size=128, verbose=0)
    before = _private()
    seen: list[int] = []
    look = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(_private()))
    model.fit(x, y, batch_size=128, verbose=0, shuffle=shuffle, callbacks=[look])
    assert len(seen) == rows // 128
    assert max(seen) - before < 40 << 20, (max(seen) - before) >> 20


def _private() -> int:
    """Bytes of the process's own: pages of a mapped file, which the system may drop at any time, do not count."""
    memory = HERE.memory_info()
    return memory.rss - memory.shared
