"""Activations, as functions and layers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.convert.running import one

NAMES = [
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "hard_silu", "mish", "softplus",
    "soft_shrink", "hard_shrink", "sigmoid", "hard_sigmoid", "log_sigmoid", "tanh", "tanh_shrink", "hard_tanh",
    "softsign", "exponential", "linear", "softmax", "log_softmax",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    one(layers.Dense(4, activation=name), 5)
    one(layers.Conv2D(4, 2, activation=name), 4, 5, 2)
    one(layers.Activation(name), 5, 4)


LAYERS = [
    layers.ReLU, lambda: layers.ReLU(6), lambda: layers.ReLU(3.0), lambda: layers.ReLU(negative_slope=0.1),
    layers.LeakyReLU, lambda: layers.ELU(0.5), layers.Softmax, lambda: layers.Softmax(1), layers.PReLU,
    lambda: layers.PReLU(shared_axes=[1]), lambda: layers.Activation(torch.sin),
    lambda: layers.Dense(3, activation=torch.nn.functional.silu),
]  # fmt: skip


@pytest.mark.parametrize("make", LAYERS)
def test_layers(make: Any) -> None:
    one(make(), 5, 4)


def test_softmax_follows_the_channels() -> None:
    assert "dim=1" in one(layers.Conv2D(4, 1, activation="softmax"), 3, 3, 2).text
    assert "dim=-1" in one(layers.Dense(4, activation="softmax"), 3).text


def test_others_are_kept() -> None:
    for layer in (layers.ReLU(threshold=0.5), layers.Dense(3, activation="sparsemax"), layers.Activation("squareplus")):
        assert "keras.layers." in one(layer, 4, plain=False).text
