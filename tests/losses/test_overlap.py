"""Dice and Tversky."""

from __future__ import annotations

from typing import Any

import pytest

from tests.losses.parity import assert_parity, binary

CASES = [
    ("Dice", {}, binary(6, 3)),
    ("Dice", {}, binary(2, 4, 4, 1)),
    ("Dice", {"axis": (1, 2, 3)}, binary(3, 4, 4, 2)),
    ("Dice", {"axis": 1}, binary(3, 4)),
    ("Tversky", {}, binary(6, 3)),
    ("Tversky", {"alpha": 0.2, "beta": 0.9, "axis": (1, 2, 3)}, binary(3, 4, 4, 2)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("name", "arguments", "make"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], make: Any, dtype: str) -> None:
    assert_parity(name, arguments, make, dtype)
