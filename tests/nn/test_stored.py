"""What files ask of a layer: the ways in and out fit each other."""

from __future__ import annotations

import numpy as np
import pytest

from kerastorch import layers


def test_a_layer_goes_through_config_build_and_weights() -> None:
    layer = layers.Dense(3, activation="relu")
    assert layer.get_build_config() is None
    layer.build((None, 2))
    made = layers.Dense.from_config(layer.get_config())
    made.build_from_config(layer.get_build_config())
    store: dict[str, np.ndarray] = {}
    layer.save_own_variables(store)
    assert [np.shape(store[key]) for key in ("0", "1")] == [(2, 3), (3,)]  # Keras's layout
    made.load_own_variables(store)
    for a, b in zip(layer.get_weights(), made.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_refused() -> None:
    layer = layers.Dense(3)
    layer.build((None, 2))
    with pytest.raises(TypeError, match="unit"):
        layers.Dense.from_config({"unit": 3})
    with pytest.raises(ValueError, match=layer.name):
        layer.load_own_variables({"0": np.zeros((2, 3))})
