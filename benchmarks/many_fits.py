"""Many fits in one process: memory, file handles and threads must stay flat: `python -m benchmarks.many_fits`."""

from __future__ import annotations

import argparse
import gc
import threading
from typing import Any

import numpy as np
import psutil

import kerastorch as keras


def once(model: Any, x: np.ndarray, y: np.ndarray) -> None:
    """A short training with validation."""
    model.fit(x, y, epochs=2, verbose=0, validation_split=0.25)


def new_model() -> Any:
    """A small compiled model."""
    model = keras.Sequential([keras.Input((32,)), keras.layers.Dense(64, activation="relu"), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=1000)
    parser.add_argument("--keep", action="store_true", help="fit one model again and again, not a new one each time")
    given = parser.parse_args()
    process, model = psutil.Process(), new_model()
    x, y = np.ones((256, 32), "float32"), np.ones((256, 1), "float32")
    every = max(1, given.fits // 10)
    for number in range(given.fits + 1):
        if number % every == 0:
            gc.collect()
            memory = process.memory_info().rss / 2**20
            print(
                f"{number:6} fits: {memory:7.1f} MiB, {process.num_fds()} handles, {threading.active_count()} threads"
            )
        once(model if given.keep else new_model(), x, y)


if __name__ == "__main__":
    main()
