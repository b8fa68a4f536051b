"""Nothing is assigned unless all fits, and what does not fit is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import kerastorch as keras
from tests.saving import files


def _model(units: int = 4, depth: int = 2, **kwargs: Any) -> keras.Model:
    stack = [keras.layers.Dense(units, **kwargs) for _ in range(depth)]
    return keras.Sequential([keras.Input((3,)), *stack, keras.layers.BatchNormalization()])


def _refused(model: keras.Model, path: Path) -> str:
    before = model.get_weights()
    with pytest.raises(ValueError, match="nothing was loaded") as caught:
        model.load_weights(path)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    return str(caught.value)


def test_other_shapes_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    _model(5).save_weights(path)
    message = _refused(_model(4), path)
    assert str(path) in message and "(8 differences" in message
    assert (
        "layers/dense/vars/0 (kernel of Dense 'dense_2'): the model has (3, 4) float32, the file (3, 5) float32"
        in message
    )


def test_missing_and_left_over_weights_are_named(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    _model(depth=2).save_weights(path)
    message = _refused(_model(depth=3), path)
    assert "layers/dense_2/vars/0" in message and "the model has (4, 4) float32, the file nothing" in message
    message = _refused(_model(depth=1), path)
    assert "layers/dense_1/vars: the model has nothing, the file 2 arrays" in message
    message = _refused(_model(use_bias=False), path)
    assert "layers/dense/vars/1 (Dense" in message and "the model has nothing, the file (4,) float32" in message


def test_another_kind_of_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    model = _model()
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = np.ones((3, 4), "int32")
    assert "the model has (3, 4) float32, the file (3, 4) int32" in _refused(model, path)


def test_long_lists_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    _model(5, depth=20).save_weights(path)
    assert "... and " in _refused(_model(4, depth=20), path)


def test_skip_mismatch_loads_what_fits(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    source = _model(4, depth=2)
    files.randomize(source)
    source.save_weights(path)
    target = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(9)])
    kept = target.layers[1].get_weights()
    with pytest.warns(UserWarning, match=r"left as they are:\n  layers/dense_1/vars/0"):
        target.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(target.layers[0].get_weights()[0], source.layers[0].get_weights()[0])
    np.testing.assert_array_equal(target.layers[1].get_weights()[0], kept[0])


def test_a_layer_of_the_user_s_that_refuses_leaves_all_as_it_was(tmp_path: Path) -> None:
    class Picky(keras.layers.Layer):
        refuses = False

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(2,), name="w", initializer="zeros")

        def call(self, x: Any) -> Any:
            return x

        def save_own_variables(self, store: Any) -> None:
            store["w"] = self.w.numpy()

        def load_own_variables(self, store: Any) -> None:
            self.w.assign(store["w"])
            if self.refuses and store["w"].any():
                raise RuntimeError("I do not like it")

    def make() -> keras.Model:
        return keras.Sequential([keras.Input((3,)), Picky(), keras.layers.Dense(2), Picky()])

    source, target = make(), make()
    files.randomize(source)
    source.save_weights(tmp_path / "m.weights.h5")
    target.layers[2].refuses = True
    before = target.get_weights()
    with pytest.raises(RuntimeError, match="do not like"):
        target.load_weights(tmp_path / "m.weights.h5")
    for a, b in zip(target.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_optimizer_state_is_no_weight(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    trained = _model()
    trained.compile("adam", "mse")
    trained.fit(np.ones((4, 3), "float32"), np.ones((4, 4), "float32"), verbose=0)
    trained.save_weights(path)
    plain = _model()
    plain.load_weights(path)
    for a, b in zip(plain.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
