"""Huber and log-cosh."""

from __future__ import annotations

from typing import Any

import pytest

from kerastorch import losses
from tests.losses.parity import assert_parity, numbers

CASES = [
    ("Huber", {}, numbers(6, 3)),
    ("Huber", {}, numbers(5, 4, 3)),
    ("Huber", {"delta": 0.3}, numbers(6, 3)),
    ("LogCosh", {}, numbers(6, 3)),
    ("LogCosh", {}, numbers(5, 4, 3)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("name", "arguments", "make"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], make: Any, dtype: str) -> None:
    assert_parity(name, arguments, make, dtype)


@pytest.mark.parametrize("delta", [0, -1.0, "1"])
def test_delta_must_be_positive(delta: Any) -> None:
    with pytest.raises(ValueError, match="`delta` of Huber: expected a positive number"):
        losses.Huber(delta=delta)


def test_delta_survives_a_round_trip() -> None:
    assert losses.deserialize(losses.serialize(losses.Huber(delta=0.3))).delta == 0.3
    assert "delta" not in losses.Huber().get_config()  # as in Keras
