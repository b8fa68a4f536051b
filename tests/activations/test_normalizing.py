"""Activations over a whole dimension."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import activations
from tests.activations.parity import assert_parity

CASES: list[tuple[str, dict[str, Any]]] = [
    ("softmax", {}),
    ("softmax", {"axis": 1}),
    ("softmax", {"axis": None}),
    ("log_softmax", {}),
    ("log_softmax", {"axis": 0}),
    ("log_softmax", {"axis": None}),
    ("glu", {}),
    ("glu", {"axis": 1}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], dtype: str) -> None:
    assert_parity(name, arguments, dtype)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_sparsemax_is_a_distribution_with_zeros(axis: int) -> None:
    y = activations.sparsemax(3 * torch.randn(6, 7, 8), axis)
    torch.testing.assert_close(y.sum(axis), torch.ones_like(y.sum(axis)))
    assert (y >= 0).all() and (y == 0).any()


def test_sparsemax_is_the_nearest_distribution() -> None:
    # Keras adds up all sums of the support where the paper takes the last, and agrees only where one value stays
    import keras

    alone = torch.tensor([[5.0, 1.0, 2.0], [-1.0, 0.0, 1.0]])
    torch.testing.assert_close(activations.sparsemax(alone), keras.activations.sparsemax(alone))
    x = torch.randn(50, 5, dtype=torch.float64)
    nearest = (activations.sparsemax(x) - x).norm(dim=-1)
    others = torch.distributions.Dirichlet(torch.ones(5, dtype=torch.float64)).sample((2000, 50))
    assert ((others - x).norm(dim=-1) >= nearest).all()


def test_sparsemax_gradient() -> None:
    x = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(activations.sparsemax, x)
