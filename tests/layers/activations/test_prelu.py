"""`PReLU` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    ("kwargs", "shape", "unknown"),
    [
        ({}, (2, 5), None),
        ({"alpha_initializer": "random_uniform", "alpha_regularizer": "l2"}, (2, 3, 4), ()),
        ({"shared_axes": [1]}, (2, 3, 4), None),
        ({"shared_axes": [1, 2]}, (2, 3, 4, 5), None),
        ({"shared_axes": 1}, (2, 3, 4), None),
    ],
)
def test_contract(kwargs: dict[str, Any], shape: tuple[int, ...], unknown: Any) -> None:
    run_layer_contract(layers.PReLU, kwargs, shape, unknown_axes=unknown, expected_state_keys=["weight"])


def test_alpha_is_the_weight() -> None:
    layer = layers.PReLU(shared_axes=[1, 2])
    layer(torch.zeros(1, 4, 4, 3))
    assert layer.alpha is layer.weight and layer.alpha.shape == (1, 1, 3)


def test_unknown_dimensions_must_be_shared() -> None:
    from kerastorch.nn.keras_tensor import KerasTensor

    with pytest.raises(ValueError, match="known dimension at axis 1"):
        layers.PReLU()(KerasTensor((None, None, 3)))
