"""`fit`, `evaluate`, `predict`: every kind of data, and the arguments about epochs and validation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

import kerastorch as keras
from kerastorch import layers
from tests.parity.fits import CLASSES, SPARSE, X


class Rows(Dataset[Any]):
    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> Any:
        return X[index], CLASSES[index]


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return X[8 * index : 8 * index + 8], CLASSES[8 * index : 8 * index + 8]


def forever() -> Iterator[Any]:
    while True:
        yield from (Batches()[i] for i in range(5))


def build() -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(8, "relu"), layers.Dense(3, "softmax")])
    model.compile("sgd", SPARSE, metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def wanted() -> Any:
    return build().fit(X, CLASSES, batch_size=8, shuffle=False, verbose=0).history["loss"][0]


def mapped(path: Path) -> Any:
    np.save(path / "x.npy", X)
    return np.load(path / "x.npy", mmap_mode="r")


SOURCES: dict[str, Any] = {
    "float64": lambda path: ((X.astype("float64"), CLASSES.astype("int32")), {"batch_size": 8}),
    "tensors": lambda path: ((torch.from_numpy(X), torch.from_numpy(CLASSES)), {"batch_size": 8}),
    "memmap": lambda path: ((mapped(path), CLASSES), {"batch_size": 8}),
    "pandas": lambda path: ((pd.DataFrame(X), pd.Series(CLASSES)), {"batch_size": 8}),
    "tensors' set": lambda path: ((TensorDataset(torch.from_numpy(X), torch.from_numpy(CLASSES)),), {"batch_size": 8}),
    "dataset": lambda path: ((Rows(),), {"batch_size": 8}),
    "loader": lambda path: ((DataLoader(Rows(), batch_size=8),), {}),
    "generator": lambda path: ((forever(),), {"steps_per_epoch": 5}),
    "iterator": lambda path: ((iter([Batches()[i] for i in range(5)]),), {}),
    "PyDataset": lambda path: ((Batches(),), {}),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_the_same_loss(source: str, wanted: float, tmp_path: Path) -> None:
    data, options = SOURCES[source](tmp_path)
    assert build().fit(*data, shuffle=False, verbose=0, **options).history["loss"][0] == pytest.approx(wanted, rel=1e-6)
    if source not in ("generator", "iterator"):
        model = build()
        assert model.predict(data[0], verbose=0).shape == (40, 3)
        assert len(model.evaluate(*data, verbose=0)) == 2


def test_validation_frequency_and_initial_epoch() -> None:
    model = build()
    history = model.fit(X, CLASSES, epochs=4, validation_data=(X, CLASSES), validation_freq=2, verbose=0)
    assert len(history.history["loss"]) == 4
    assert len(history.history["val_loss"]) == 2
    assert model.fit(X, CLASSES, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]


def test_stop_training_ends_after_the_batch_or_the_epoch() -> None:
    class Stop(keras.callbacks.Callback):
        seen = 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.seen += 1
            self.model.stop_training = self.seen == 2

    stop = Stop()
    assert build().fit(X, CLASSES, batch_size=8, epochs=5, callbacks=[stop], verbose=0).epoch == [0]


def test_the_optimizer_counts_on_over_fits_and_a_new_one_starts_anew() -> None:
    model = build()
    model.fit(X, CLASSES, batch_size=8, verbose=0)
    model.fit(X, CLASSES, batch_size=8, verbose=0)
    assert int(model.optimizer.iterations) == 10
    model.compile("sgd", SPARSE)
    model.fit(X, CLASSES, batch_size=8, verbose=0)
    assert int(model.optimizer.iterations) == 5
