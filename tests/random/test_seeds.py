"""Seeds and their state."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import random
from kerastorch.base import serialization


def test_seed_generator_state_and_config() -> None:
    import keras

    seeds = random.SeedGenerator(5, name="mine")
    random.normal((2,), seed=seeds)
    saved = seeds.get_state()
    expected = random.normal((3,), seed=seeds)
    other = random.SeedGenerator()
    other.set_state(saved)
    assert torch.equal(random.normal((3,), seed=other), expected)
    assert seeds.get_config() == keras.random.SeedGenerator(5, name="mine").get_config()
    written = serialization.serialize_keras_object(seeds)
    assert written == keras.saving.serialize_keras_object(keras.random.SeedGenerator(5, name="mine"))
    assert serialization.deserialize_keras_object(written).get_state() == [5, 0]
    assert seeds.next().tolist() == [5, 2] and seeds.next().tolist() == [5, 3]


def test_an_unseeded_generator_follows_torchs_seed() -> None:
    torch.manual_seed(1)
    first = random.SeedGenerator().get_state()
    torch.manual_seed(1)
    assert random.SeedGenerator().get_state() == first != random.SeedGenerator().get_state()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: random.normal((2,), seed="a"), "an integer, a SeedGenerator or None, received 'a'"),
        (lambda: random.SeedGenerator(1.5), "an integer or None, received 1.5"),
        (lambda: random.SeedGenerator().set_state([1]), "two integers"),
    ],
)
def test_bad_arguments(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
