"""Normalizations, their statistics and their starts."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from tests.convert.running import one, same

MAKERS = [
    (lambda: layers.BatchNormalization(), (4,)),
    (lambda: layers.BatchNormalization(momentum=0.8, epsilon=1e-5), (5, 4)),
    (lambda: layers.BatchNormalization(scale=False), (5, 5, 4)),
    (lambda: layers.BatchNormalization(center=False), (5, 5, 4)),
    (lambda: layers.BatchNormalization(axis=1), (5, 5, 4)),
    (lambda: layers.BatchNormalization(axis=1), (5, 4)),
    (lambda: layers.BatchNormalization(trainable=False), (5, 5, 4)),
    (lambda: layers.BatchNormalization(trainable=False, scale=False), (5, 4)),
    (lambda: layers.BatchNormalization(), (2, 3, 4, 2)),
    (lambda: layers.LayerNormalization(), (5, 4)),
    (lambda: layers.LayerNormalization(axis=[1, 2]), (5, 4)),
    (lambda: layers.LayerNormalization(scale=False), (5, 4)),
    (lambda: layers.LayerNormalization(center=False, epsilon=1e-6), (5, 4)),
    (lambda: layers.GroupNormalization(2), (5, 5, 4)),
    (lambda: layers.GroupNormalization(2), (4,)),
    (lambda: layers.GroupNormalization(-1), (5, 4)),
    (lambda: layers.GroupNormalization(2, axis=1), (4, 5, 5)),
    (lambda: layers.RMSNormalization(), (5, 4)),
    (lambda: layers.UnitNormalization(), (5,)),
]  # fmt: skip


@pytest.mark.parametrize(("make", "shape"), MAKERS)
def test_values_and_statistics(make: Any, shape: tuple[int, ...]) -> None:
    one(make(), *shape)


def test_starts() -> None:
    source = one(layers.BatchNormalization(gamma_initializer=keras.initializers.Constant(0.5)), 4)
    assert "nn.init.constant_(self.batch_normalization.weight, 0.5)" in source.text
    assert "nn.init" not in one(layers.BatchNormalization(), 4).text


def test_others_are_kept() -> None:
    for layer, shape in (
        (layers.LayerNormalization(axis=1), (5, 4)),
        (layers.BatchNormalization(axis=2), (5, 5, 4)),
        (layers.BatchNormalization(synchronized=True), (4,)),
        (layers.UnitNormalization(axis=[1, 2]), (5, 4)),
    ):
        assert "kept: " in one(layer, *shape, plain=False).text


def test_a_masked_normalization_is_kept() -> None:
    x = keras.Input((5,), dtype="int64")
    y = layers.BatchNormalization()(layers.Embedding(9, 4, mask_zero=True)(x))
    model = keras.Model(x, layers.GlobalAveragePooling1D()(layers.Dense(3)(y)))
    assert "mask=mask" in same(model, torch.tensor([[1, 2, 0, 0, 0], [3, 0, 4, 5, 6]]), plain=False).text
