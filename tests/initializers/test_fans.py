"""Random initializers whose spread follows from the shape."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch import initializers
from kerastorch.initializers import fans as module
from kerastorch.random import SeedGenerator

NAMED = ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal")
SHAPES = ((7,), (30, 20), (3, 3, 8, 16), (3, 8, 16), (5,))


@given(st.lists(st.integers(1, 9), min_size=0, max_size=5))
def test_fans_follow_keras(shape: list[int]) -> None:
    from keras.src.initializers.random_initializers import compute_fans

    assert module.compute_fans(shape) == compute_fans(shape)
    if len(shape) >= 3:
        assert module.compute_fans(shape, (0, 1), (2,)) == compute_fans(shape, (0, 1), (2,))


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("shape", SHAPES)
def test_equal_seeds_give_kerass_numbers(name: str, shape: tuple[int, ...]) -> None:
    import keras

    ours, theirs = getattr(initializers, name)(seed=7), getattr(keras.initializers, name)(seed=7)
    for dtype in (None, "float64"):
        torch.testing.assert_close(ours(shape, dtype), theirs(shape, dtype or "float32"), rtol=1e-6, atol=0)


@pytest.mark.parametrize("mode", module.MODES)
@pytest.mark.parametrize("distribution", [*module.DISTRIBUTIONS, "normal", "Uniform"])
def test_keras_parity(mode: str, distribution: str) -> None:
    import keras

    arguments: dict[str, Any] = {"scale": 1.7, "mode": mode, "distribution": distribution, "seed": 3}
    ours = initializers.VarianceScaling(**arguments)
    theirs = keras.initializers.VarianceScaling(**arguments)
    torch.testing.assert_close(ours((30, 20)), theirs((30, 20), "float32"), rtol=1e-6, atol=0)
    assert ours.get_config() == theirs.get_config()


@pytest.mark.parametrize("name", NAMED)
def test_variance_and_bounds(name: str) -> None:
    fan_in, fan_out = 400, 1000
    numbers = getattr(initializers, name)()((fan_in, fan_out))
    scale = 2.0 if name.startswith("He") else 1.0
    variance = scale / ((fan_in + fan_out) / 2 if name.startswith("Glorot") else fan_in)
    assert abs(numbers.var() / variance - 1) < 0.02 and abs(numbers.mean()) < 3 * math.sqrt(variance / numbers.numel())
    deviations = math.sqrt(3) if name.endswith("Uniform") else 2 / module.TRUNCATED_STDDEV
    assert numbers.abs().max() <= deviations * math.sqrt(variance) * (1 + 1e-6)


@pytest.mark.parametrize("name", NAMED)
def test_seeds(name: str) -> None:
    make = getattr(initializers, name)
    fixed, moving = make(seed=1), make(seed=SeedGenerator(1))
    assert torch.equal(fixed((3, 4)), fixed((3, 4)))
    assert not torch.equal(moving((3, 4)), moving((3, 4)))
    torch.manual_seed(5)
    first = make()((3, 4))
    assert not torch.equal(first, make()((3, 4)))
    torch.manual_seed(5)
    assert torch.equal(first, make()((3, 4)))


@pytest.mark.parametrize("name", NAMED)
def test_configs_go_both_ways(name: str) -> None:
    import keras

    for seed in (None, 4):
        ours, theirs = getattr(initializers, name)(seed=seed), getattr(keras.initializers, name)(seed=seed)
        assert initializers.serialize(ours) == keras.initializers.serialize(theirs)
        assert initializers.deserialize(keras.initializers.serialize(theirs)).get_config() == theirs.get_config()
    theirs = getattr(keras.initializers, name)(seed=keras.random.SeedGenerator(3))
    ours = initializers.deserialize(keras.initializers.serialize(theirs))
    torch.testing.assert_close(ours((3, 4)), theirs((3, 4), "float32"), rtol=1e-6, atol=0)
    assert torch.equal(ours.clone()((3, 4)), ours.clone()((3, 4)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"scale": 0}, "a positive number, received 0"),
        ({"mode": "fan_inn"}, "Did you mean 'fan_in'"),
        ({"distribution": "unifrom"}, "Did you mean 'uniform'"),
        ({"seed": "x"}, "an integer, a SeedGenerator or None, received 'x'"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        initializers.VarianceScaling(**arguments)
