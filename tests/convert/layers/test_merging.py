"""Layers of several inputs, in both orders of dimensions."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from tests.convert.running import check_format, same

MERGES = [
    layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum, layers.Concatenate,
    lambda: layers.Concatenate(axis=1), lambda: layers.Concatenate(axis=2),
]  # fmt: skip


@pytest.mark.parametrize("make", MERGES)
@pytest.mark.parametrize("turned", [0, 1, 2])
def test_images(make: Any, turned: int) -> None:
    x = keras.Input((6, 6, 4))
    parts = [layers.Conv2D(4, 1)(x) if number < turned else layers.Dense(4)(x) for number in range(2)]
    same(keras.Model(x, make()(parts)), torch.randn(2, 6, 6, 4))


def test_many() -> None:
    x = keras.Input((4,))
    for make in (layers.Add, layers.Average, layers.Maximum, layers.Concatenate):
        parts = [layers.Dense(3)(x) for _ in range(4)]
        source = same(keras.Model(x, make()(parts)), torch.randn(2, 4))
        check_format(source.file())


def test_broadcast_and_ranks() -> None:
    x = keras.Input((6, 6, 4))
    y = layers.Conv2D(4, 1)(x)
    gate = layers.Reshape((1, 1, 4))(layers.Dense(4, activation="sigmoid")(layers.GlobalAveragePooling2D()(y)))
    same(keras.Model(x, layers.Multiply()([y, gate])), torch.randn(2, 6, 6, 4))
    kept = keras.Model(x, layers.Add()([y, layers.GlobalAveragePooling2D()(y)]))
    assert "kept: Add" in same(kept, torch.randn(2, 6, 6, 4), plain=False).text


@pytest.mark.parametrize("normalize", [False, True])
def test_products(normalize: bool) -> None:
    a, b = keras.Input((5,)), keras.Input((5,))
    same(keras.Model([a, b], layers.Dot(1, normalize=normalize)([a, b])), torch.randn(2, 5), torch.randn(2, 5))
    a, b = keras.Input((5, 3)), keras.Input((3, 5))
    for axes in ((1, 2), (2, 1)):
        model = keras.Model([a, b], layers.Dot(axes, normalize=normalize)([a, b]))
        same(model, torch.randn(2, 5, 3), torch.randn(2, 3, 5))
