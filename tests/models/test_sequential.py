"""`Sequential`: growing, shrinking, late shapes, torch modules inside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers
from tests.parity.fits import X, Y


@pytest.mark.parametrize(
    "stack",
    [
        lambda: [layers.Dense(3), layers.Dense(1)],
        lambda: [keras.Input((4,)), layers.Dense(3), layers.Dense(1)],
        lambda: [layers.Dense(3, input_shape=(4,)), layers.Dense(1)],
        lambda: [layers.Dense(3, input_dim=4), layers.Dense(1)],
        lambda: [nn.Linear(4, 3), nn.ReLU(), layers.Dense(1)],
        lambda: [keras.Input((4,)), nn.Linear(4, 3), nn.Dropout(0.5), layers.Dense(1)],
        lambda: [keras.Sequential([layers.Dense(3)]), layers.Dense(1)],
    ],
)
def test_it_trains_and_predicts_without_chance(stack: Any) -> None:
    model = keras.Sequential(stack())
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    assert len(model.trainable_weights) == 4
    assert model.output_shape == (None, 1)
    found = model.predict(X, batch_size=40, verbose=0)
    np.testing.assert_array_equal(found, model(torch.from_numpy(X)).detach().numpy())


def test_add_and_pop() -> None:
    model = keras.Sequential(name="grown")
    for layer in (keras.Input((4,)), layers.Dense(3), layers.Dense(2), layers.Dense(1)):
        model.add(layer)
    assert model.output_shape == (None, 1)
    model.pop()
    assert (model.name, model.output_shape, len(model.layers)) == ("grown", (None, 2), 2)
    model.add(layers.Dense(5))
    assert model(torch.zeros(1, 4)).shape == (1, 5)


def test_integers_stay_integers_when_the_shape_comes_late() -> None:
    model = keras.Sequential([layers.Embedding(10, 4), layers.Flatten(), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.arange(40).reshape(8, 5) % 10, Y[:8], verbose=0)
    assert model.input_shape == (None, 5)
