"""Binary cross-entropy."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import losses
from tests.losses.parity import assert_parity, binary

CASES = [
    ("BinaryCrossentropy", {}, binary(6, 3)),
    ("BinaryCrossentropy", {}, binary(5, 4, 3)),
    ("BinaryCrossentropy", {}, binary(6, 1)),
    ("BinaryCrossentropy", {"from_logits": True}, binary(6, 3, logits=True)),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, binary(6, 3)),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, binary(6, 3, logits=True)),
    ("BinaryCrossentropy", {"axis": 1}, binary(5, 4, 3)),
    ("BinaryFocalCrossentropy", {}, binary(6, 3)),
    ("BinaryFocalCrossentropy", {"from_logits": True, "gamma": 1.5}, binary(6, 3, logits=True)),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.3, "label_smoothing": 0.1}, binary(6, 3)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("name", "arguments", "make"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], make: Any, dtype: str) -> None:
    assert_parity(name, arguments, make, dtype)


def test_certain_predictions_stay_finite() -> None:
    import keras

    truth, scores = torch.tensor([[0.0, 1.0, 1.0, 0.0]]), torch.tensor([[0.0, 1.0, 0.0, 1.0]])
    wanted = keras.losses.BinaryCrossentropy()(truth, scores)
    torch.testing.assert_close(losses.BinaryCrossentropy()(truth, scores), wanted)


def test_autocast_does_not_refuse_probabilities() -> None:
    scores = torch.rand(4, 1, requires_grad=True)
    loss = losses.BinaryCrossentropy()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = loss(torch.ones(4, 1), scores)
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, loss(torch.ones(4, 1), scores))


@pytest.mark.gpu
def test_autocast_does_not_refuse_probabilities_on_a_gpu() -> None:
    scores = torch.rand(4, 1, requires_grad=True, device="cuda")
    with torch.autocast("cuda", dtype=torch.bfloat16):
        losses.BinaryCrossentropy()(torch.ones(4, 1, device="cuda"), scores).backward()
    assert scores.grad is not None
