"""Activations that let large values through."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import activations
from tests.activations.parity import assert_parity

CASES: list[tuple[str, dict[str, Any]]] = [
    ("linear", {}),
    ("relu", {}),
    ("leaky_relu", {}),
    ("relu6", {}),
    ("elu", {}),
    ("selu", {}),
    ("celu", {}),
    ("gelu", {}),
    ("silu", {}),
    ("hard_silu", {}),
    ("mish", {}),
    ("softplus", {}),
    ("squareplus", {}),
    ("sparse_plus", {}),
    ("soft_shrink", {}),
    ("hard_shrink", {}),
    ("relu", {"max_value": 1.1}),
    ("relu", {"max_value": 6}),
    ("relu", {"max_value": 6, "negative_slope": 0.3}),
    ("relu", {"threshold": 0.5}),
    ("relu", {"negative_slope": 0.3}),
    ("relu", {"negative_slope": 0.3, "threshold": 0.5}),
    ("relu", {"negative_slope": 0.3, "max_value": 1.1, "threshold": 0.5}),
    ("relu", {"threshold": -1.1}),
    ("leaky_relu", {"negative_slope": 0.01}),
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 0.5}),
    ("gelu", {"approximate": True}),
    ("squareplus", {"b": 1}),
    ("soft_shrink", {"threshold": 1.0}),
    ("hard_shrink", {"threshold": 1.0}),
    ("threshold", {"threshold": 0.5, "default_value": -7.0}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], dtype: str) -> None:
    assert_parity(name, arguments, dtype)


def test_relu_is_torchs_own_and_linear_is_nothing() -> None:
    x = torch.randn(4)
    assert activations.linear(x) is x
    assert torch.equal(activations.relu(x), torch.relu(x))
    assert activations.swish is activations.silu and activations.hard_swish is activations.hard_silu
