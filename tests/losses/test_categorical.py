"""Categorical cross-entropy."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import losses
from tests.losses.parity import assert_parity, one_hot

CASES = [
    ("CategoricalCrossentropy", {}, one_hot(6, 3)),
    ("CategoricalCrossentropy", {}, one_hot(5, 4, 3)),
    ("CategoricalCrossentropy", {"from_logits": True}, one_hot(6, 3, logits=True)),
    ("CategoricalCrossentropy", {"from_logits": True, "axis": 1}, one_hot(5, 4, 3, axis=1, logits=True)),
    ("CategoricalCrossentropy", {"axis": 1}, one_hot(5, 4, 3, axis=1)),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, one_hot(6, 3)),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1, "from_logits": True}, one_hot(6, 3, logits=True)),
    ("CategoricalFocalCrossentropy", {}, one_hot(6, 3)),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "gamma": 1.5, "alpha": 0.4}, one_hot(6, 3, logits=True)),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.2, 0.3], "label_smoothing": 0.1}, one_hot(6, 3)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("name", "arguments", "make"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], make: Any, dtype: str) -> None:
    assert_parity(name, arguments, make, dtype)


def test_class_numbers_are_refused_with_the_right_loss() -> None:
    for truth in (torch.zeros(4), torch.zeros(4, 1)):
        with pytest.raises(ValueError, match="sparse_categorical_crossentropy"):
            losses.CategoricalCrossentropy()(truth, torch.rand(4, 3))


def test_axis_is_a_number() -> None:
    with pytest.raises(ValueError, match="`axis` of the loss: expected an integer, received True"):
        losses.categorical_crossentropy(torch.rand(4, 3), torch.rand(4, 3), axis=True)


def test_smoothing_spreads_over_the_classes_wherever_they_lie() -> None:
    truth, scores = torch.rand(2, 5, 3), torch.rand(2, 5, 3)
    moved = losses.categorical_crossentropy(truth.movedim(1, -1), scores.movedim(1, -1), label_smoothing=0.2)
    torch.testing.assert_close(losses.categorical_crossentropy(truth, scores, label_smoothing=0.2, axis=1), moved)
