"""`Embedding` beside Keras's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import layers
from kerastorch.nn.keras_tensor import KerasTensor
from tests.contract.layer_contract import run_layer_contract

INDICES = np.array([[1, 0, 3], [2, 2, 0]])


@pytest.mark.parametrize("inputs", [INDICES, INDICES.astype("int32"), INDICES.astype("uint8"), INDICES[0]])
@pytest.mark.parametrize("mask_zero", [False, True])
def test_contract(inputs: Any, mask_zero: bool) -> None:
    run_layer_contract(
        layers.Embedding,
        {"input_dim": 4, "output_dim": 3, "mask_zero": mask_zero},
        inputs=inputs,
        expected_output_shape=(*inputs.shape, 3),
        expected_state_keys=["weight"],
        supports_masking=mask_zero,
    )


def test_float_indices_are_whole_numbers_in_any_policy() -> None:
    layer = layers.Embedding(1000, 1, dtype="bfloat16")
    with torch.no_grad():
        layer.build(None)
        layer.weight.copy_(torch.arange(1000.0).reshape(-1, 1))
        assert layer(np.array([[999.0, 257.0]], "float32")).flatten().tolist() == layer.weight[[999, 257], 0].tolist()


def test_mask_marks_the_padding() -> None:
    outputs = layers.Embedding(4, 2, mask_zero=True)(INDICES)
    assert outputs._keras_mask.tolist() == (INDICES != 0).tolist()


def test_symbolic_mask() -> None:
    outputs = layers.Embedding(4, 2, mask_zero=True)(KerasTensor((None, 3), dtype="int64"))
    assert outputs._keras_mask.shape == (None, 3)
    assert layers.Embedding(4, 2)(KerasTensor((None, 3), dtype="int64"))._keras_mask is None


@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v]])
def test_first_values(wrap: Any) -> None:
    values = np.arange(8.0, dtype="float32").reshape(4, 2)
    layer = layers.Embedding(4, 2, weights=wrap(values))
    assert layer.built
    np.testing.assert_array_equal(layer.get_weights()[0], values)


def test_mixed_policy_gives_its_compute_dtype() -> None:
    assert layers.Embedding(4, 2, dtype="mixed_bfloat16")(INDICES).dtype is torch.bfloat16


@pytest.mark.parametrize(("a", "b"), [(0, 2), (4, -1), (2.5, 2), (True, 2)])
def test_sizes_are_checked_when_made(a: Any, b: Any) -> None:
    with pytest.raises(ValueError, match="of Embedding: expected an integer >= 1"):
        layers.Embedding(a, b)


def test_older_arguments() -> None:
    assert "input_length" not in layers.Embedding(4, 2, input_length=3).get_config()
