"""Initializers without chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import initializers

CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Zeros", {}, (2, 3)),
    ("Ones", {}, (2, 3)),
    ("Ones", {}, ()),
    ("Constant", {"value": 2.5}, (2, 3)),
    ("Constant", {"value": [1.0, 2.0, 3.0]}, (2, 3)),
    ("Constant", {"value": np.arange(6.0).reshape(2, 3)}, (2, 3)),
]


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    import keras

    ours, theirs = getattr(initializers, name)(**arguments), getattr(keras.initializers, name)(**arguments)
    for dtype in ("float32", "float64", "int32"):
        assert torch.equal(ours(shape, dtype), theirs(shape, dtype))
    assert ours(shape).dtype == torch.float32
    assert initializers.serialize(ours) == keras.initializers.serialize(theirs)
    again = initializers.deserialize(keras.initializers.serialize(theirs))
    assert torch.equal(again(shape), ours(shape))


def test_constants_are_copies() -> None:
    value = torch.zeros(3)
    initializers.Constant(value)((3,)).add_(1)
    assert not value.any()


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"one that fits shape \(3,\), received an array of shape \(2,\)"):
        initializers.Constant(np.zeros(2))((3,))
