"""`set_random_seed` seeds Python, NumPy and torch as Keras does."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch

from kerastorch.utils import set_random_seed


def _draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_the_draws_are_those_after_keras_seeds() -> None:
    import keras

    keras.utils.set_random_seed(7)
    theirs = _draw()
    set_random_seed(7)
    assert _draw() == theirs
    set_random_seed(8)
    assert _draw() != theirs


@pytest.mark.parametrize("seed", ["7", 1.5, None, True, -1, 2**32])
def test_refusals(seed: Any) -> None:
    with pytest.raises(ValueError, match="an integer in"):
        set_random_seed(seed)
