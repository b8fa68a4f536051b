"""A random function beside its twin in Keras: equal seeds, equal numbers."""

from __future__ import annotations

from typing import Any

import torch

from kerastorch import random


def assert_parity(name: str, arguments: dict[str, Any]) -> None:
    """Equal numbers for equal seeds and for seed generators; torch's global generator where there is no seed."""
    import keras

    draw, keras_own = getattr(random, name), getattr(keras.random, name)
    before = torch.get_rng_state()
    for seed in (0, 1, 12345, 2**31 + 5):
        ours, theirs = draw(**arguments, seed=seed), keras_own(**arguments, seed=seed)
        assert ours.dtype == theirs.dtype and torch.equal(ours, theirs), seed
    seeds, keras_seeds = random.SeedGenerator(42), keras.random.SeedGenerator(42)
    for _ in range(3):
        assert torch.equal(draw(**arguments, seed=seeds), keras_own(**arguments, seed=keras_seeds))
    assert seeds.state.tolist() == keras_seeds.state.value.tolist()
    assert torch.equal(before, torch.get_rng_state())  # a seed leaves the global generator alone
    first, second = draw(**arguments), draw(**arguments)
    torch.set_rng_state(before)
    assert torch.equal(first, draw(**arguments))
    assert first.numel() < 10 or not torch.equal(first, second)
