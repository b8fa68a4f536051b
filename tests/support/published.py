"""Small data sets in the file formats in which MNIST and CIFAR are published, and torchvision told to get them here."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TRAIN, TEST = 50, 10


def _md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def make_idx(folder: Path, seed: int) -> list[tuple[str, str, np.ndarray]]:
    """Write the four gzipped IDX files of a set like MNIST; returns name, MD5 and array of each."""
    rng = np.random.RandomState(seed)
    written = []
    for split, count in (("train", TRAIN), ("t10k", TEST)):
        for kind, shape, top in (("images-idx3", (count, 28, 28), 256), ("labels-idx1", (count,), 10)):
            array = rng.randint(0, top, shape).astype(np.uint8)
            header = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
            data = gzip.compress(header + array.tobytes(), mtime=0)
            name = f"{split}-{kind}-ubyte.gz"
            (folder / name).write_bytes(data)
            written.append((name, _md5(data), array))
    return written


class _OldDtype:
    """uint8 as Python 2 pickled it: with integers where NumPy now wants booleans."""

    def __reduce__(self) -> tuple[Any, ...]:
        return np.dtype, ("u1", 0, 1), (3, "|", None, None, None, -1, -1, 0)


class _OldArray:
    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = np.zeros(0).__reduce__()[0]
        state = (1, self.array.shape, _OldDtype(), False, self.array.tobytes())
        return rebuild, (np.ndarray, (0,), b"b"), state


def make_cifar(folder: Path, dataset: type, monkeypatch: pytest.MonkeyPatch, seed: int) -> dict[str, np.ndarray]:
    """Write the archive of CIFAR-10 or -100, put its checksums into the torchvision class; returns the four arrays."""
    rng = np.random.RandomState(seed)
    key, classes = ("labels", 10) if dataset.__name__ == "CIFAR10" else ("fine_labels", 100)
    sums: dict[str, str] = {}
    arrays: dict[str, list[np.ndarray]] = {"x_train": [], "y_train": [], "x_test": [], "y_test": []}
    with tarfile.open(folder / dataset.filename, "w:gz") as tar:

        def add(name: str, content: Any) -> None:
            data = pickle.dumps(content, protocol=2)
            info = tarfile.TarInfo(f"{dataset.base_folder}/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            sums[name] = _md5(data)

        for split, names, count in (("train", dataset.train_list, TRAIN), ("test", dataset.test_list, TEST)):
            for name, _ in names:
                rows = count // len(names)
                x = rng.randint(0, 256, (rows, 3072)).astype(np.uint8)
                y = rng.randint(0, classes, rows)
                add(name, {"data": _OldArray(x), key: y.tolist()})
                arrays[f"x_{split}"].append(x.reshape(rows, 3, 32, 32).transpose(0, 2, 3, 1))
                arrays[f"y_{split}"].append(y.astype(np.uint8)[:, None])
        add(dataset.meta["filename"], {dataset.meta["key"]: [str(i) for i in range(classes)]})
    for part in ("train_list", "test_list"):
        monkeypatch.setattr(dataset, part, [[name, sums[name]] for name, _ in getattr(dataset, part)])
    monkeypatch.setattr(dataset, "meta", {**dataset.meta, "md5": sums[dataset.meta["filename"]]})
    monkeypatch.setattr(dataset, "tgz_md5", _md5((folder / dataset.filename).read_bytes()))
    return {name: np.concatenate(parts) for name, parts in arrays.items()}
