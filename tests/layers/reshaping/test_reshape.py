"""`Reshape` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from kerastorch.nn.keras_tensor import KerasTensor
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    ("target", "shape"),
    [
        ((12,), (2, 3, 4)),
        ((-1, 2), (2, 3, 4)),
        ((2, -1, 2), (2, 12)),
        ((-1,), (2, 3)),
        ((3, 4, 1), (2, 12)),
        ([4, 3], (2, 12)),
    ],
)
def test_contract(target: Any, shape: tuple[int, ...]) -> None:
    run_layer_contract(layers.Reshape, {"target_shape": target}, shape, unknown_axes=())


def test_unknown_dimensions() -> None:
    import keras

    for target in ((-1, 2), (6, 2), (-1,)):
        ours = layers.Reshape(target)(KerasTensor((None, None, 4))).shape
        assert ours == tuple(keras.layers.Reshape(target)(keras.KerasTensor((None, None, 4))).shape)


@pytest.mark.parametrize("target", [(-1, -1), (2.5,), "12", 12, (-2,), None])
def test_target_is_checked_when_made(target: Any) -> None:
    with pytest.raises(ValueError, match="`target_shape` of Reshape"):
        layers.Reshape(target)


@pytest.mark.parametrize("target", [(5,), (5, -1)])
def test_unfit_sizes_are_named(target: Any) -> None:
    with pytest.raises(ValueError, match="a shape of 12 numbers"):
        layers.Reshape(target)(KerasTensor((None, 3, 4)))


def test_an_empty_batch() -> None:
    assert layers.Reshape((2, 3))(torch.zeros(0, 6)).shape == (0, 2, 3)
