"""Random numbers in a given shape."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import random
from tests.random.parity import assert_parity

DRAWS: list[tuple[str, dict[str, Any]]] = [
    ("normal", {"shape": (50, 3), "mean": 1.0, "stddev": 2.0}),
    ("normal", {"shape": (), "dtype": "float64"}),
    ("uniform", {"shape": (50, 3), "minval": -1.0, "maxval": 3.0}),
    ("uniform", {"shape": (), "dtype": "bfloat16"}),
    ("randint", {"shape": (50, 3), "minval": -5, "maxval": 9}),
    ("randint", {"shape": (50,), "minval": 0, "maxval": 200, "dtype": "uint8"}),
    ("truncated_normal", {"shape": (50, 3), "mean": 1.0, "stddev": 2.0}),
]


@pytest.mark.parametrize(("name", "arguments"), DRAWS)
def test_keras_parity(name: str, arguments: dict[str, Any]) -> None:
    assert_parity(name, arguments)


def test_truncation_holds_for_every_number() -> None:
    numbers = random.truncated_normal((2_000_000,), seed=1)
    assert numbers.abs().max() <= 2.0  # about nine of them lost all four draws
    assert abs(numbers.std() - 0.87962566) < 2e-3 and abs(numbers.mean()) < 2e-3


@pytest.mark.parametrize(
    ("draw", "mean", "variance"),
    [
        (lambda s: random.uniform(s, -1, 1), 0.0, 1 / 3),
        (lambda s: random.normal(s, 2.0, 0.5), 2.0, 0.25),
        (lambda s: random.randint(s, 0, 10).float(), 4.5, 8.25),
    ],
)
def test_moments(draw: Any, mean: float, variance: float) -> None:
    numbers = draw((200_000,))
    assert abs(numbers.mean() - mean) < 0.02 * max(1, abs(mean))
    assert abs(numbers.var() - variance) < 0.03 * max(variance, 0.1)


def test_other_devices() -> None:
    with torch.device("meta"):
        for name in ("normal", "uniform", "truncated_normal"):
            assert getattr(random, name)((2, 3), seed=1).is_meta


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: random.uniform((2,), dtype="int32"), "a floating-point dtype, received 'int32'"),
        (lambda: random.randint((2,), 0, 2, dtype="float32"), "an integer dtype, received 'float32'"),
    ],
)
def test_bad_arguments(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
