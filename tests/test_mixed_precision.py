"""`keras.mixed_precision`: the older names mean the same policy."""

from __future__ import annotations

import pytest
import torch

from kerastorch import config, layers, mixed_precision
from kerastorch.dtype_policies import DTypePolicy


@pytest.mark.parametrize("name", ["mixed_bfloat16", "mixed_float16", "float64", "float32"])
def test_the_global_policy_is_that_of_new_layers(name: str) -> None:
    import keras

    mixed_precision.set_global_policy(name)
    theirs = keras.DTypePolicy(name)
    layer = layers.Dense(2)
    assert config.dtype_policy().name == mixed_precision.global_policy().name == layer.dtype_policy.name == name
    assert (layer.variable_dtype, layer.compute_dtype) == (theirs.variable_dtype, theirs.compute_dtype)


def test_a_mixed_layer_keeps_float32_weights_and_computes_in_16_bits() -> None:
    mixed_precision.set_dtype_policy("mixed_bfloat16")
    layer = layers.Dense(2)
    outputs = layer(torch.ones(1, 3))
    assert outputs.dtype is torch.bfloat16 and layer.weights[0].dtype is torch.float32


def test_names_are_the_same_objects() -> None:
    assert mixed_precision.Policy is mixed_precision.DTypePolicy is DTypePolicy
    assert mixed_precision.global_policy is mixed_precision.dtype_policy is config.dtype_policy
    assert mixed_precision.set_global_policy is config.set_dtype_policy


def test_unknown_policies_are_refused() -> None:
    with pytest.raises(ValueError, match="mixed_bfloat16"):
        mixed_precision.set_global_policy("mixed_bfloat61")
