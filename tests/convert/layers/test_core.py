"""Dense, Embedding, Rescaling, Masking, Lambda."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.convert import network
from tests.convert.running import check_format, one, same


def _distance(pair: list[torch.Tensor]) -> torch.Tensor:
    left, right = pair
    return (left - right).square().sum(1, keepdim=True)


def test_lambda_of_a_list() -> None:
    a, b = keras.Input((3,)), keras.Input((3,))
    source = same(keras.Model([a, b], layers.Lambda(_distance)([a, b])), torch.randn(2, 3), torch.randn(2, 3))
    assert "_distance([" in source.text


def test_dense() -> None:
    one(layers.Dense(4, use_bias=False), 3, 5)
    one(layers.Dense(2), 2, 3, 4, 5)


def test_embedding_of_indices_that_are_floats() -> None:
    x = keras.Input((5,))
    source = same(keras.Model(x, layers.Embedding(9, 4)(x)), torch.randint(0, 9, (2, 5)).float())
    assert "self.embedding(x.long())" in source.text


def test_embedding_inside_a_stack() -> None:
    x = keras.Input((5,), dtype="int32")
    y = layers.GlobalMaxPooling1D()(layers.Conv1D(3, 2)(layers.Embedding(9, 4)(x)))
    same(keras.Model(x, y), torch.randint(0, 9, (2, 5), dtype=torch.int32))


@pytest.mark.parametrize(
    ("layer", "written"),
    [
        (layers.Rescaling(1 / 255), "x / 255"),
        (layers.Rescaling(1 / 127.5, -1), "x * 0.00784313725490196 - 1"),
        (layers.Rescaling(2.0, offset=1), "x * 2.0 + 1"),
    ],
)
def test_rescaling(layer: Any, written: str) -> None:
    assert f"return {written}" in one(layer, 5).text


def test_identity_and_masking() -> None:
    one(layers.Identity(), 3)
    x = keras.Input((5, 2))
    model = keras.Model(x, layers.GlobalAveragePooling1D()(layers.Dense(3)(layers.Masking(0.0)(x))))
    data = torch.randn(2, 5, 2)
    data[:, 3:] = 0
    assert "masked_mean" in same(model, data).text


FACTOR = 3


def twice(x: Any) -> Any:
    return x * 2


def test_lambda() -> None:
    assert "twice(x)" in one(layers.Lambda(twice), 4).text
    source = one(layers.Lambda(lambda v: torch.tanh(v) * FACTOR), 4)
    assert "def lambda_function(v):\n    return torch.tanh(v) * FACTOR" in source.text and "FACTOR = 3" in source.text
    check_format(source.file())
    closed = 2
    inner = layers.Lambda(lambda v: v * closed)

    assert network(keras.Sequential([keras.Input((4,)), inner])).notes
