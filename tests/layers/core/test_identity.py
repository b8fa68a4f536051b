"""`Identity` beside Keras's."""

from __future__ import annotations

import torch

from kerastorch import layers
from kerastorch.nn.keras_tensor import KerasTensor
from tests.contract.layer_contract import run_layer_contract


def test_contract() -> None:
    run_layer_contract(layers.Identity, {}, (2, 3, 4), expected_output_shape=(2, 3, 4), supports_masking=True)


def test_integers_pass() -> None:
    run_layer_contract(layers.Identity, {}, (2, 3), input_dtype="int64")


def test_structures_pass() -> None:
    x = {"a": torch.ones(1), "b": [torch.zeros(2)]}
    out = layers.Identity()(x)
    assert out["a"] is x["a"] and out["b"][0] is x["b"][0]
    symbolic = layers.Identity()({"a": KerasTensor((None, 2)), "b": KerasTensor((None,), dtype="int32")})
    assert symbolic["a"].shape == (None, 2) and symbolic["b"].dtype == "int32"
