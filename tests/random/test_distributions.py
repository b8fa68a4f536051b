"""The gamma, beta and binomial distributions."""

from __future__ import annotations

from typing import Any

import pytest

from kerastorch import random
from tests.random.parity import assert_parity

DRAWS: list[tuple[str, dict[str, Any]]] = [
    ("gamma", {"shape": (50, 3), "alpha": 1.7}),
    ("binomial", {"shape": (50, 3), "counts": 9.0, "probabilities": 0.3}),
    ("beta", {"shape": (50, 3), "alpha": 2.0, "beta": 0.7}),
]


@pytest.mark.parametrize(("name", "arguments"), DRAWS)
def test_keras_parity(name: str, arguments: dict[str, Any]) -> None:
    assert_parity(name, arguments)


@pytest.mark.parametrize(
    ("draw", "mean", "variance"),
    [
        (lambda s: random.gamma(s, 3.0), 3.0, 3.0),
        (lambda s: random.beta(s, 2.0, 3.0), 0.4, 0.04),
        (lambda s: random.binomial(s, 10, 0.25), 2.5, 1.875),
    ],
)
def test_moments(draw: Any, mean: float, variance: float) -> None:
    numbers = draw((200_000,))
    assert abs(numbers.mean() - mean) < 0.02 * max(1, abs(mean))
    assert abs(numbers.var() - variance) < 0.03 * max(variance, 0.1)
