"""`Batch` and `unpack`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kerastorch.data.batch import Batch, unpack

X, Y, W = torch.zeros(4, 2), torch.zeros(4), torch.ones(4)


@pytest.mark.parametrize(
    ("item", "given"),
    [
        (X, (X,)),
        ((X,), (X,)),
        ([X, Y], (X, Y)),
        ((X, Y, W), (X, Y, W)),
        ((X, Y, None), (X, Y)),
        ((X, None, W), (X, None, W)),
    ],
)
def test_unpack_gives_the_tuple_of_train_step(item, given):
    batch = unpack(item)
    assert batch.size == 4
    assert len(batch.data) == len(given)
    assert all(a is b for a, b in zip(batch.data, given, strict=True))


def test_unpack_agrees_with_keras():
    import keras

    for item in [(X,), (X, Y), (X, Y, W), [X, Y]]:
        batch = unpack(item)
        theirs = keras.utils.unpack_x_y_sample_weight(item)
        assert [id(v) for v in (batch.x, batch.y, batch.sample_weight)] == [id(v) for v in theirs]


def test_a_dict_is_x_and_arrays_count():
    batch = unpack({"a": np.zeros((3, 1)), "b": [np.zeros(3)]})
    assert batch.size == 3 and batch.y is None and set(batch.x) == {"a", "b"}
    assert unpack(batch) is batch


@pytest.mark.parametrize(
    "item", [(), (X, Y, W, W), "text", 3, None, (None, Y), (X, torch.zeros(3)), (torch.tensor(1.0),)]
)
def test_unpack_refuses(item):
    with pytest.raises(ValueError, match=r"Batch 7.*expected"):
        unpack(item, "Batch 7")


def test_batches_are_small():
    assert not hasattr(Batch(X), "__dict__")
    assert repr(Batch(X, None, W, 4)) == "<Batch of 4 rows: x, sample_weight>"
