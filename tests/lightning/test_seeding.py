"""One seed for all chance."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest
import torch

import kerastorch.lightning as pl
from tests.lightning import parity


def test_the_same_numbers_as_lightning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PL_GLOBAL_SEED", "7")
    monkeypatch.setenv("PL_SEED_WORKERS", "0")
    drawn = []
    for lib in parity.both():
        with parity.quiet():
            assert lib.seed_everything(11, workers=True) == 11
        drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert drawn[0] == drawn[1]
    assert os.environ["PL_GLOBAL_SEED"] == "11" and os.environ["PL_SEED_WORKERS"] == "1"
    assert pl.seed_everything() == 11
    with pytest.raises(ValueError, match="an integer in"):
        pl.seed_everything("many")  # type: ignore[arg-type]


def test_numbers_are_put_back_after_an_error_too() -> None:
    def draw() -> tuple[float, ...]:
        return random.random(), float(np.random.rand()), float(torch.rand(1))

    drawn = []
    with pytest.raises(KeyError), pl.utilities.isolate_rng():
        drawn.append(draw())
        raise KeyError
    assert draw() == drawn[0]
