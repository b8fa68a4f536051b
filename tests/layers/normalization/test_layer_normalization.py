"""`LayerNormalization` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from kerastorch.nn.keras_tensor import KerasTensor
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    ("kwargs", "shape", "unknown"),
    [
        ({}, (4, 5), None),
        ({}, (4, 3, 5), None),
        ({"axis": [1, 2]}, (4, 3, 5), ()),
        ({"axis": [-1, -2], "epsilon": 1e-5}, (4, 3, 5), ()),
        ({"axis": (1, 3)}, (4, 3, 2, 5), ()),
        ({"center": False}, (4, 5), None),
        ({"scale": False, "center": False}, (4, 3, 5), None),
        ({"gamma_initializer": "random_normal", "beta_regularizer": "l2"}, (4, 5), None),
    ],
)
def test_contract(kwargs: dict[str, Any], shape: tuple[int, ...], unknown: Any) -> None:
    run_layer_contract(
        layers.LayerNormalization,
        kwargs,
        shape,
        unknown_axes=unknown,
        expected_output_shape=shape,
        supports_masking=True,
    )


@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`:UserWarning")  # Keras, of its own option
def test_contract_rms_scaling() -> None:
    run_layer_contract(layers.LayerNormalization, {"rms_scaling": True}, (4, 3, 5), expected_trainable_weights=1)


def test_an_axis_that_is_not_last() -> None:
    """Keras on torch refuses a single middle axis; its own formula is the measure here."""
    layer = layers.LayerNormalization(axis=1, gamma_initializer="random_normal", beta_initializer="random_normal")
    x = torch.randn(4, 3, 5, 2, requires_grad=True)
    found = layer(x)
    gamma, beta = layer.gamma.view(1, 3, 1, 1), layer.beta.view(1, 3, 1, 1)
    mean, variance = x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)
    torch.testing.assert_close(found, (x - mean) * torch.rsqrt(variance + 1e-3) * gamma + beta)


def test_weights_have_torchs_names() -> None:
    layer = layers.LayerNormalization()
    layer(torch.zeros(2, 3))
    torch.nn.LayerNorm(3, eps=1e-3).load_state_dict(layer.state_dict())
    assert layer.gamma is layer.weight and layer.beta is layer.bias


@pytest.mark.parametrize("axis", [3, [1, 3], -4])
def test_axes_that_the_input_has_not(axis: Any) -> None:
    with pytest.raises(ValueError, match="axis"):
        layers.LayerNormalization(axis=axis)(KerasTensor((None, 2, 3)))


def test_an_axis_twice() -> None:
    with pytest.raises(ValueError, match="each axis once"):
        layers.LayerNormalization(axis=[1, -1])(torch.zeros(2, 3))


def test_arguments_are_checked_when_made() -> None:
    with pytest.raises(TypeError, match="`axis` of LayerNormalization"):
        layers.LayerNormalization(axis="last")
    with pytest.raises(ValueError, match="`epsilon`"):
        layers.LayerNormalization(epsilon=-1.0)
