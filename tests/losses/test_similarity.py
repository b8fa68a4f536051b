"""Cosine similarity."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import losses
from tests.losses.parity import assert_parity, numbers

CASES = [
    ("CosineSimilarity", {}, numbers(6, 3)),
    ("CosineSimilarity", {}, numbers(5, 4, 3)),
    ("CosineSimilarity", {"axis": 1}, numbers(5, 4, 3)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("name", "arguments", "make"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], make: Any, dtype: str) -> None:
    assert_parity(name, arguments, make, dtype)


def test_a_zero_vector_has_a_finite_gradient() -> None:
    scores = torch.zeros(1, 3, requires_grad=True)
    loss = losses.CosineSimilarity()(torch.ones(1, 3), scores)
    assert loss == 0 and torch.autograd.grad(loss, scores)[0].isfinite().all()
