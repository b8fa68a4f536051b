"""Initializers by name and by config."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

from kerastorch import initializers

KERAS_NAMES = [
    "zeros",
    "ones",
    "identity",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "variance_scaling",
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "stft",
    "zero",
    "one",
    "normal",
    "uniform",
    "IdentityInitializer",
    "OrthogonalInitializer",
    "STFTInitializer",
    "Zeros",
    "GlorotUniform",
]


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_names_of_keras(name: str) -> None:
    import keras

    assert type(initializers.get(name)).__name__ == type(keras.initializers.get(name)).__name__


def test_a_constant_by_name() -> None:
    assert initializers.get("constant")((2,)).tolist() == [0.0, 0.0]  # Keras's own fails here


def test_nothing_of_keras_is_missing() -> None:
    import keras

    for name in dir(keras.initializers):
        theirs = getattr(keras.initializers, name)
        if name[0] != "_" and inspect.isclass(theirs):
            ours = getattr(initializers, name)
            assert [*inspect.signature(ours).parameters] == [*inspect.signature(theirs).parameters], name


def test_callables_classes_and_arrays() -> None:
    def mine(shape: tuple[int, ...], dtype: object = None) -> torch.Tensor:
        return torch.zeros(shape)

    assert initializers.get(mine) is mine and initializers.get(None) is None
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    for array in (np.arange(3.0), torch.arange(3.0)):
        assert initializers.get(array)((3,)).tolist() == [0.0, 1.0, 2.0]
        with pytest.raises(ValueError, match="fits shape"):
            initializers.get(array)((4,))


def test_misspelt_names_and_wrong_things() -> None:
    with pytest.raises(ValueError, match="Did you mean 'glorot_uniform'"):
        initializers.get("glorot_unifrom")
    with pytest.raises(TypeError, match="a initializer object|an initializer"):
        initializers.get(3)
