"""The generators' states, taken and put back."""

from __future__ import annotations

import pickle
import random

import numpy as np
import torch

from kerastorch.base import chance


def _draw() -> tuple[float, ...]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_what_comes_after_restore_is_what_came_after_state() -> None:
    known = pickle.loads(pickle.dumps(chance.state()))
    first = _draw()
    other = _draw()
    chance.restore(known)
    assert _draw() == first != other
