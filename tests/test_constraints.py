"""What weights are turned into after a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import constraints

CASES: list[tuple[str, dict[str, Any]]] = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.7, "axis": 1}),
    ("MaxNorm", {"max_value": 0.7, "axis": [0, 1, 2]}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": [0, 1, 2]}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.9, "rate": 0.3, "axis": 2}),
]


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.parametrize("scale", [0.0, 0.1, 1.0, 30.0])
def test_keras_parity(name: str, arguments: dict[str, Any], scale: float) -> None:
    import keras

    ours, theirs = getattr(constraints, name)(**arguments), getattr(keras.constraints, name)(**arguments)
    w = scale * torch.randn(3, 3, 2, 4)
    torch.testing.assert_close(ours(w), theirs(w), rtol=2e-6, atol=1e-7)
    assert constraints.serialize(ours) == keras.constraints.serialize(theirs)
    assert constraints.deserialize(keras.constraints.serialize(theirs)).get_config() == ours.get_config()
    assert ours(np.ones((3, 3, 2, 4), "float32")).dtype == torch.float32


@pytest.mark.parametrize("name", ["MaxNorm", "max_norm", "non_neg", "unit_norm", "min_max_norm"])
def test_names_of_keras(name: str) -> None:
    import keras

    wanted = getattr(keras.constraints, name).__name__
    assert type(constraints.get(name)).__name__ == wanted == getattr(constraints, name).__name__


def test_the_base_allows_everything() -> None:
    w = torch.randn(3)
    assert constraints.Constraint()(w) is w and constraints.Constraint.from_config({}).get_config() == {}
    assert constraints.get(None) is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: constraints.MaxNorm(-1), "a number >= 0, received -1"),
        (lambda: constraints.MinMaxNorm(2.0, 1.0), "at most `max_value`, 1.0, received 2.0"),
        (lambda: constraints.get("max_nrom"), "Did you mean 'max_norm'"),
    ],
)
def test_bad_arguments(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
