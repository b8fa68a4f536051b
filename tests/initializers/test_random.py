"""Random initializers of a fixed spread."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import initializers

CASES: list[tuple[str, dict[str, Any]]] = [
    ("RandomNormal", {}),
    ("RandomNormal", {"mean": 1.0, "stddev": 2.0}),
    ("TruncatedNormal", {}),
    ("TruncatedNormal", {"mean": 1.0, "stddev": 2.0}),
    ("RandomUniform", {}),
    ("RandomUniform", {"minval": -1.0, "maxval": 3.0}),
]


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any]) -> None:
    import keras

    ours = getattr(initializers, name)(**arguments, seed=3)
    theirs = getattr(keras.initializers, name)(**arguments, seed=3)
    assert torch.equal(ours((30, 20)), theirs((30, 20), "float32"))
    assert initializers.serialize(ours) == keras.initializers.serialize(theirs)
    assert torch.equal(initializers.deserialize(keras.initializers.serialize(theirs))((4,)), ours((4,)))
    assert ours((4,), "float16").dtype == torch.float16


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_moments_without_a_seed(name: str, arguments: dict[str, Any]) -> None:
    ours = getattr(initializers, name)(**arguments)
    numbers = ours((300_000,))
    if name == "RandomUniform":
        mean, deviation = (ours.minval + ours.maxval) / 2, (ours.maxval - ours.minval) / 12**0.5
        assert numbers.min() >= ours.minval and numbers.max() <= ours.maxval
    else:
        mean, deviation = ours.mean, ours.stddev * (0.87962566 if name == "TruncatedNormal" else 1.0)
    assert abs(numbers.mean() - mean) < 0.01 * deviation and abs(numbers.std() / deviation - 1) < 0.01
    if name == "TruncatedNormal":
        assert (numbers - mean).abs().max() <= 2 * ours.stddev * (1 + 1e-6)
