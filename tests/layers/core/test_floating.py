"""Layers with float weights on integer inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kerastorch import layers
from kerastorch.layers.core.floating import Floating


class Doubling(Floating):
    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs * 2


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64, torch.bool])
def test_integers_become_floats(dtype: torch.dtype) -> None:
    layer = Doubling()
    for _ in range(2):  # the second call could take the short way
        assert layer(torch.ones(2, dtype=dtype)).dtype is torch.float32


def test_dtype_follows_the_policy() -> None:
    assert Doubling(dtype="float64")(np.ones(2, "int32")).dtype is torch.float64


def test_dense_takes_integers_like_keras() -> None:
    import keras

    x = np.array([[1, 2, 3]])
    ours, theirs = layers.Dense(2, kernel_initializer="ones")(x), keras.layers.Dense(2, kernel_initializer="ones")(x)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy())
