"""Truth and prediction as two tensors of one dtype and one shape."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch import losses
from kerastorch.losses import pairing
from kerastorch.nn.keras_tensor import KerasTensor

shapes = st.lists(st.integers(1, 3), min_size=0, max_size=4).map(tuple)


@given(shapes, shapes)
def test_squeezing_follows_keras(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    from keras.src.losses.loss import squeeze_or_expand_to_same_rank

    ours = pairing.squeeze_or_expand_to_same_rank(torch.zeros(a), torch.zeros(b))
    theirs = squeeze_or_expand_to_same_rank(torch.zeros(a), torch.zeros(b))
    assert [tuple(t.shape) for t in ours] == [tuple(t.shape) for t in theirs]


@given(shapes, shapes)
def test_pairs_have_one_shape_or_are_refused(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    try:
        truth, scores = pairing.as_pair(np.zeros(a), torch.zeros(b))
    except ValueError as error:
        assert str(a) in str(error) or str(b) in str(error)
        return
    assert truth.shape == scores.shape and truth.numel() == np.prod(a) == np.prod(b)
    assert truth.dtype == scores.dtype


@pytest.mark.parametrize("value", [[[1, 2]], np.array([[1, 2]]), np.array([[1.0, 2.0]]), torch.tensor([[1, 2]])])
def test_anything_like_an_array_goes(value: object) -> None:
    import keras

    wanted = keras.losses.mean_squared_error(np.zeros((1, 2), "float32"), np.array([[1.0, 2.0]], "float32"))
    torch.testing.assert_close(losses.mean_squared_error([[0, 0]], value), wanted, check_dtype=False)


def test_read_only_arrays_go() -> None:
    array = np.zeros((2, 3), dtype="float32")
    array.flags.writeable = False
    assert losses.MeanSquaredError()(array, array) == 0


def test_symbolic_tensors_are_recorded() -> None:
    importlib.import_module("kerastorch.nn.graph")  # which records them
    truth, scores = KerasTensor((None, 3)), KerasTensor((None, 3))
    for name in ("mse", "mae", "huber", "binary_crossentropy", "categorical_crossentropy", "hinge", "kld", "poisson"):
        assert losses.get(name)(truth, scores).shape == (None,), name
