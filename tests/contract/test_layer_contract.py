"""The contract itself: right layers pass, and each kind of fault is found."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from kerastorch.nn.variable import SAME
from tests.contract.layer_contract import run_layer_contract


def test_a_right_layer_passes() -> None:
    differences = run_layer_contract(layers.Dense, {"units": 3}, (2, 4), expected_output_shape=(2, 3))
    assert differences.forward < 1e-6


class WrongValue(layers.Dense):
    def call(self, inputs: Any) -> Any:
        return super().call(inputs) + 1e-3


class WrongGradient(layers.Dense):
    def call(self, inputs: Any) -> Any:
        return super().call(inputs.detach()) + 0 * inputs.sum()


class WrongLayout(layers.Dense):
    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.weight.keras_layout = SAME


class WrongConfig(layers.Dense):
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "extra": 1}


class WrongShape(layers.Dense):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units + 1)


class WrongState(layers.Dense):
    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.register_buffer("more", torch.zeros(()))


class NotTrained(layers.Dense):
    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.weight.requires_grad_(False)
        self.bias.requires_grad_(False)


@pytest.mark.parametrize(
    "cls", [WrongValue, WrongGradient, WrongLayout, WrongConfig, WrongShape, WrongState, NotTrained]
)
def test_a_fault_is_found(cls: Any) -> None:
    import keras

    with pytest.raises((AssertionError, ValueError, TypeError)):
        run_layer_contract(
            cls,
            {"units": 3},
            (2, 4),
            keras_cls=keras.layers.Dense,
            compare_config=cls is WrongConfig,
            expected_state_keys=["bias", "weight"],
        )


def test_a_wrong_expectation_is_found() -> None:
    with pytest.raises(AssertionError, match="output shape"):
        run_layer_contract(layers.Dense, {"units": 3}, (2, 4), expected_output_shape=(2, 4))
