"""`Activation` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch
from kerastorch import activations, layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize("activation", ["relu", "softmax", "gelu", "linear", None, "sigmoid", "swish"])
def test_contract(activation: Any) -> None:
    run_layer_contract(
        layers.Activation, {"activation": activation}, (2, 3), expected_output_shape=(2, 3), supports_masking=True
    )


def test_functions_are_taken_as_they_are() -> None:
    assert layers.Activation(activations.tanh).get_config()["activation"] == "tanh"
    assert layers.Activation(torch.sin)(torch.zeros(1)).tolist() == [0.0]


def test_operations_are_written_as_keras_writes_them() -> None:
    import keras

    for name in ("relu", "gelu", "log_softmax", "sin"):
        ours, theirs = (k.layers.Activation(getattr(k.ops, name)).get_config() for k in (kerastorch, keras))
        assert ours["activation"] == theirs["activation"]
        assert layers.Activation.from_config(ours)(torch.zeros(1, 2)).shape == (1, 2)


def test_linear_hands_on_the_tensor_itself() -> None:
    x = torch.ones(2)
    assert layers.Activation("linear")(x) is x


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match="Did you mean 'softmax'"):
        layers.Activation("sofmax")
