"""Squared, absolute, relative and logarithmic errors."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import losses
from tests.losses.parity import assert_parity, numbers, positives

CASES = [
    ("MeanSquaredError", {}, numbers(6, 3)),
    ("MeanSquaredError", {}, numbers(5, 4, 3)),
    ("MeanSquaredError", {}, numbers(4, 1)),
    ("MeanAbsoluteError", {}, numbers(6, 3)),
    ("MeanAbsoluteError", {}, numbers(5, 4, 3)),
    ("MeanAbsolutePercentageError", {}, positives(6, 3)),
    ("MeanAbsolutePercentageError", {}, positives(5, 4, 3)),
    ("MeanSquaredLogarithmicError", {}, positives(6, 3)),
    ("MeanSquaredLogarithmicError", {}, positives(5, 4, 3)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("name", "arguments", "make"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], make: Any, dtype: str) -> None:
    assert_parity(name, arguments, make, dtype)


@pytest.mark.parametrize("name", ["mse", "mae", "mape", "msle", "huber", "log_cosh", "poisson", "kld", "bce", "hinge"])
@pytest.mark.parametrize(("truth", "scores"), [((4, 3), (4, 1)), ((4, 1), (4, 3)), ((4,), (4, 3)), ((3, 3), (4, 3))])
def test_shapes_that_differ_are_never_broadcast(name: str, truth: tuple[int, ...], scores: tuple[int, ...]) -> None:
    function = losses.get(name)
    with pytest.raises(ValueError, match="expected the shape of `y_pred`"):
        function(torch.zeros(truth), torch.zeros(scores))
    with pytest.raises(ValueError, match="expected the shape of `y_pred`"):
        losses.LossFunctionWrapper(function)(torch.zeros(truth), torch.zeros(scores))


def test_a_vector_fits_a_column() -> None:
    import keras

    truth, column = torch.arange(4.0), torch.ones(4, 1)
    for ours, theirs in (
        (losses.MeanSquaredError(), keras.losses.MeanSquaredError()),
        (losses.get("mse"), keras.losses.get("mse")),
    ):
        for pair in ((truth, column), (column, truth)):
            torch.testing.assert_close(ours(*pair), theirs(*pair))


def test_the_mean_of_squares_is_torchs_own_kernel() -> None:
    truth, scores = torch.rand(8, 3), torch.rand(8, 3)
    assert torch.equal(losses.MeanSquaredError()(truth, scores), torch.nn.functional.mse_loss(scores, truth))
