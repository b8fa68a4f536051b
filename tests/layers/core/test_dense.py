"""`Dense` beside Keras's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    ("kwargs", "shape"),
    [
        ({"units": 3}, (4, 5)),
        ({"units": 3, "activation": "softmax"}, (4, 5)),
        ({"units": 1, "use_bias": False, "kernel_initializer": "he_normal"}, (2, 3, 4, 5)),
        ({"units": 3, "activation": "relu", "kernel_regularizer": "l2", "bias_constraint": "non_neg"}, (4, 5)),
        ({"units": 3, "activity_regularizer": "l1"}, (4, 5)),
    ],
)
def test_contract(kwargs: dict[str, Any], shape: tuple[int, ...]) -> None:
    run_layer_contract(
        layers.Dense,
        kwargs,
        shape,
        expected_output_shape=(*shape[:-1], kwargs["units"]),
        expected_state_keys=["weight", "bias"] if kwargs.get("use_bias", True) else ["weight"],
        supports_masking=True,
    )


def test_weight_is_torchs_and_kernel_is_keras() -> None:
    layer = layers.Dense(3)
    layer(torch.zeros(1, 5))
    assert layer.weight.shape == (3, 5) and layer.weight.is_contiguous()
    assert layer.kernel.shape == (5, 3) and layer.kernel.data_ptr() == layer.weight.data_ptr()
    assert layer.get_weights()[0].shape == (5, 3)


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", None, True])
def test_units_are_checked_when_made(units: Any) -> None:
    with pytest.raises(ValueError, match="`units` of Dense"):
        layers.Dense(units)


def test_misspelt_argument_names_the_right_one() -> None:
    with pytest.raises(TypeError, match="use_bias"):
        layers.Dense(3, use_bia=False)  # type: ignore[call-arg]


def test_wrong_feature_count_names_layer_and_shapes() -> None:
    layer = layers.Dense(3, name="head")
    layer(torch.zeros(2, 5))
    with pytest.raises(ValueError, match=r"'head'.*of 5.*\(2, 4\)"):
        layer(np.zeros((2, 4), "float32"))


def test_integers_are_taken_as_floats() -> None:
    layer = layers.Dense(2, kernel_initializer="ones")
    first, second = layer(np.array([[1, 2]])), layer(torch.tensor([[1, 2]], dtype=torch.uint8))
    assert first.tolist() == second.tolist() == [[3.0, 3.0]]


def test_another_layer_as_activation() -> None:
    layer = layers.Dense(2, activation=layers.LeakyReLU(0.5), kernel_initializer="ones")
    assert layer(-torch.ones(1, 2)).tolist() == [[-1.0, -1.0]]


@given(
    units=st.integers(1, 5),
    shape=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    use_bias=st.booleans(),
)
def test_values_of_any_shape(units: int, shape: list[int], use_bias: bool) -> None:
    layer = layers.Dense(units, use_bias=use_bias, bias_initializer="random_normal")
    x = torch.randn(shape)
    wanted = x @ layer(x).new_tensor(layer.get_weights()[0])
    wanted = wanted + layer.bias if use_bias else wanted
    torch.testing.assert_close(layer(x), wanted)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *shape[1:-1], units)
