"""Random choices among what is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import random
from tests.random.parity import assert_parity

DRAWS: list[tuple[str, dict[str, Any]]] = [
    ("categorical", {"logits": torch.linspace(-2, 2, 12).reshape(3, 4), "num_samples": 20}),
    ("dropout", {"inputs": torch.ones(50, 3), "rate": 0.3}),
    ("dropout", {"inputs": torch.ones(50, 3, 4), "rate": 0.3, "noise_shape": (None, 1, 4)}),
    ("shuffle", {"x": torch.arange(60.0).reshape(10, 3, 2)}),
    ("shuffle", {"x": torch.arange(60.0).reshape(10, 3, 2), "axis": 1}),
]


@pytest.mark.parametrize(("name", "arguments"), DRAWS)
def test_keras_parity(name: str, arguments: dict[str, Any]) -> None:
    assert_parity(name, arguments)


def test_categorical_frequencies() -> None:
    chances = torch.tensor([[0.1, 0.2, 0.7]])
    drawn = random.categorical(chances.log(), 100_000)
    assert drawn.dtype == torch.int32 and drawn.shape == (1, 100_000)
    np.testing.assert_allclose(np.bincount(drawn[0]) / 100_000, chances[0], atol=6e-3)


def test_dropout_keeps_the_mean_and_the_gradient() -> None:
    for seed in (None, 1, random.SeedGenerator(), random.SeedGenerator(1)):
        x = torch.ones(100_000, requires_grad=True)
        dropped = random.dropout(x, 0.25, seed=seed)
        assert abs(dropped.mean() - 1) < 0.01 and abs((dropped == 0).float().mean() - 0.25) < 0.01
        (gradient,) = torch.autograd.grad(dropped.sum(), x)
        assert torch.equal(gradient, dropped.detach())


def test_dropout_of_nothing_and_of_all() -> None:
    x = torch.ones(3)
    assert random.dropout(x, 0) is x and not random.dropout(x, 1.0).any()
    with pytest.raises(ValueError, match=r"a number in \[0, 1\], received 1.5"):
        random.dropout(x, 1.5)


def test_categorical_takes_a_row_for_each_sample() -> None:
    with pytest.raises(ValueError, match=r"shape \(batch, classes\)"):
        random.categorical(torch.zeros(3), 2)
