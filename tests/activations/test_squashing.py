"""Activations with bounded results."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import activations
from tests.activations.parity import assert_parity

CASES: list[tuple[str, dict[str, Any]]] = [
    ("sigmoid", {}),
    ("hard_sigmoid", {}),
    ("log_sigmoid", {}),
    ("sparse_sigmoid", {}),
    ("tanh", {}),
    ("tanh_shrink", {}),
    ("hard_tanh", {}),
    ("softsign", {}),
    ("exponential", {}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], dtype: str) -> None:
    assert_parity(name, arguments, dtype)


@pytest.mark.parametrize("name", ["sigmoid", "hard_sigmoid", "sparse_sigmoid", "tanh", "hard_tanh", "softsign"])
def test_results_are_bounded(name: str) -> None:
    y = getattr(activations, name)(torch.tensor([-1e30, -1.0, 0.0, 1.0, 1e30]))
    assert y.abs().max() <= 1 and y.isfinite().all()
