"""Small data where the scripts look for them: MNIST's files, a table, and Keras's file of reviews."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np


def write(folder: Path) -> None:
    """Fill a folder that is to be both the working directory and `KERAS_HOME`."""
    random = np.random.default_rng(0)
    for name in ("MNIST", "FashionMNIST"):
        raw = folder / "data" / name / "raw"
        raw.mkdir(parents=True)
        arrays = {}
        for part, prefix, count in (("train", "train", 200), ("test", "t10k", 50)):
            y = (np.arange(count) % 10).astype("uint8")
            x = (random.integers(0, 60, (count, 28, 28)) + y[:, None, None] * 18).astype("uint8")
            _write_idx(raw / f"{prefix}-images-idx3-ubyte", x)
            _write_idx(raw / f"{prefix}-labels-idx1-ubyte", y)
            arrays |= {f"x_{part}": x, f"y_{part}": y}
        np.savez(folder / f"{name}.npz", **arrays)
    x = random.normal(size=(80, 3))
    table = np.column_stack([x, x @ [1.0, 2.0, 3.0] + 4])
    np.savetxt(folder / "houses.csv", table, delimiter=",", header="rooms,area,garden,price")
    (folder / "datasets").mkdir()
    texts = {part: _texts(random, count) for part, count in (("x_train", 64), ("x_test", 32))}
    np.savez(folder / "datasets" / "imdb.npz", y_train=np.arange(64) % 2, y_test=np.arange(32) % 2, **texts)


def _write_idx(path: Path, array: np.ndarray) -> None:
    """The format of MNIST's files."""
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.tobytes())


def _texts(random: np.random.Generator, count: int) -> np.ndarray:
    texts = np.empty(count, object)
    texts[:] = [random.integers(1, 300, random.integers(5, 50)).tolist() for _ in range(count)]
    return texts
