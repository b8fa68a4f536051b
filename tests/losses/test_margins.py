"""The hinge family."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import losses
from tests.losses.parity import assert_parity, binary, numbers, one_hot

CASES = [
    ("Hinge", {}, binary(6, 3)),
    ("SquaredHinge", {}, binary(6, 3)),
    ("Hinge", {}, numbers(6, 3)),
    ("Hinge", {}, numbers(5, 4, 3)),
    ("SquaredHinge", {}, numbers(5, 4, 3)),
    ("CategoricalHinge", {}, one_hot(6, 3)),
    ("CategoricalHinge", {}, one_hot(5, 4, 3)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("name", "arguments", "make"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], make: Any, dtype: str) -> None:
    assert_parity(name, arguments, make, dtype)


@pytest.mark.parametrize("name", ["Hinge", "SquaredHinge", "CategoricalHinge"])
def test_gradient_on_the_margin(name: str) -> None:
    import keras

    truth, scores = torch.tensor([[1.0, -1.0], [0.0, 1.0]]), torch.tensor([[1.0, -1.0], [1.0, 1.0]], requires_grad=True)
    ours, theirs = getattr(losses, name)()(truth, scores), getattr(keras.losses, name)()(truth, scores)
    torch.testing.assert_close(torch.autograd.grad(ours, scores), torch.autograd.grad(theirs, scores))
