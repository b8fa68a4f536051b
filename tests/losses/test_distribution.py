"""Kullback-Leibler and Poisson."""

from __future__ import annotations

from typing import Any

import pytest

from tests.losses.parity import assert_parity, one_hot, positives

CASES = [
    ("KLDivergence", {}, positives(6, 3)),
    ("KLDivergence", {}, one_hot(6, 3)),
    ("KLDivergence", {}, one_hot(5, 4, 3)),
    ("Poisson", {}, positives(6, 3)),
    ("Poisson", {}, positives(5, 4, 3)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("name", "arguments", "make"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], make: Any, dtype: str) -> None:
    assert_parity(name, arguments, make, dtype)
