"""`validation_split`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from kerastorch.data.split import validation_split


@given(samples=st.integers(1, 200), fraction=st.floats(0.001, 0.999))
def test_agrees_with_keras(samples, fraction):
    from keras.src.trainers.data_adapters.array_slicing import train_validation_split

    x, y = np.arange(samples), torch.arange(samples)
    try:
        theirs = train_validation_split((x, y), fraction)
    except ValueError:
        theirs = None
    if theirs is None:
        with pytest.raises(ValueError, match="samples on both sides"):
            validation_split(x, y, None, fraction)
        return
    ours = validation_split(x, y, None, fraction)
    assert [len(part[0]) for part in ours] == [len(part[0]) for part in theirs]
    assume(samples > 1)
    assert np.concatenate([ours[0][0], ours[1][0]]).tolist() == x.tolist()


def test_views_of_nested_arrays():
    x = {"a": np.arange(10), "b": [torch.arange(10), pd.DataFrame({"c": range(10)})]}
    (x1, y1, w1), (x2, y2, w2) = validation_split(x, np.arange(10), pd.Series(np.ones(10)), 0.2)
    assert x1["a"].base is x["a"] and x2["b"][0].data_ptr() == x["b"][0].data_ptr() + 64
    assert y2.tolist() == [8, 9] and len(x2["b"][1]) == len(w2) == 2 and len(w1) == len(y1) == 8


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, "0.2", None, True, float("nan")])
def test_wrong_fractions(fraction):
    with pytest.raises(ValueError, match="`validation_split`: expected a number between 0 and 1"):
        validation_split(np.arange(10), None, None, fraction)


def test_only_arrays_of_one_length():
    with pytest.raises(TypeError, match="validation_data"):
        validation_split(DataLoader(torch.zeros(4)), None, None, 0.5)
    with pytest.raises(ValueError, match="same number of samples"):
        validation_split(np.zeros(4), np.zeros(5), None, 0.5)
