"""`save_weights` and `load_weights`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from tests.saving import files


def _model() -> keras.Model:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="mine"), keras.layers.Dense(2)])


def test_the_layout_is_keras_s(tmp_path: Path) -> None:
    model, path = _model(), tmp_path / "m.weights.h5"
    model.save_weights(path)
    with h5py.File(path) as file:
        assert file["layers/dense/vars"].attrs["name"] == "mine"
        np.testing.assert_array_equal(file["layers/dense_1/vars/0"][()], model.get_weights()[2])
        assert file["vars"].attrs["name"] == model.name


def test_a_cut_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = _model(), tmp_path / "m.weights.h5"
    model.save_weights(path)
    whole = path.read_bytes()

    def broken(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("kerastorch.saving.hdf5.write", broken)
    with pytest.raises(OSError, match="disk full"):
        model.save_weights(path)
    assert path.read_bytes() == whole
    assert os.listdir(tmp_path) == [path.name]


def test_models_without_weights_yet_are_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Dense(2)])
    for method in (model.save_weights, model.load_weights):
        with pytest.raises(ValueError, match=r"expected a model that is built.*model\.build"):
            method(tmp_path / "m.weights.h5")


def test_a_legacy_file_with_the_new_name_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        file.create_group("dense")
    with pytest.raises(ValueError, match="legacy HDF5 layout of Keras 2"):
        _model().load_weights(path)


def test_weights_of_a_whole_model_file(tmp_path: Path) -> None:
    source, target = _model(), _model()
    files.randomize(source)
    source.save(tmp_path / "m.keras")
    target.load_weights(tmp_path / "m.keras")
    np.testing.assert_array_equal(target.get_weights()[0], source.get_weights()[0])


def test_a_torch_module_trained_with_a_torch_optimizer_goes_on(tmp_path: Path) -> None:
    def make() -> Any:
        torch.manual_seed(3)
        net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
        model = keras.Model(net)
        model.compile(torch.optim.Adam(net.parameters(), lr=0.05), "mse")
        return model

    x, y = np.random.default_rng(0).normal(size=(2, 16, 3)).astype("float32")
    source, target = make(), make()
    source.fit(x, y[:, :1], verbose=0, shuffle=False)
    source.save_weights(tmp_path / "m.weights.h5")
    target.load_weights(tmp_path / "m.weights.h5")
    losses = [m.fit(x, y[:, :1], epochs=3, verbose=0, shuffle=False).history["loss"] for m in (source, target)]
    assert losses[0] == losses[1]
    assert "vars/0.weight" in files.listing(tmp_path / "m.weights.h5")


def test_single_layers_have_files_too(tmp_path: Path) -> None:
    a, b = keras.layers.SeparableConv2D(4, 3), keras.layers.SeparableConv2D(4, 3)
    for layer in (a, b):
        layer.build((None, 8, 8, 2))
    keras.saving.save_weights(a, tmp_path / "a.weights.h5")
    keras.saving.load_weights(b, tmp_path / "a.weights.h5")
    for left, right in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
