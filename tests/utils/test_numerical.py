"""`to_categorical` and `normalize` against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kerastorch.utils import normalize, to_categorical

LABELS = [[0, 2, 1], np.array([[1], [0]]), np.array([[[3], [1]]], dtype="uint8"), 2, np.array([1.0, 0.0])]


@pytest.mark.parametrize("labels", LABELS, ids=repr)
@pytest.mark.parametrize("classes", [None, 5])
def test_to_categorical_is_keras(labels: Any, classes: int | None) -> None:
    import keras

    ours, theirs = to_categorical(labels, classes), keras.utils.to_categorical(labels, classes)
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


@pytest.mark.parametrize("shape", [(4,), (4, 1), (2, 3, 1)])
def test_to_categorical_of_a_tensor_is_a_tensor(shape: tuple[int, ...]) -> None:
    import keras

    labels = torch.randint(0, 6, shape)
    ours, theirs = to_categorical(labels, 6), keras.utils.to_categorical(labels, 6)
    # Keras's torch backend leaves int64 here, its other backends and its NumPy path give floats, and so does ours.
    torch.testing.assert_close(ours, theirs.float(), rtol=0, atol=0)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], torch.tensor([7])])
def test_to_categorical_refuses_what_is_no_class(labels: Any) -> None:
    with pytest.raises(ValueError, match=r"class numbers from 0 to 2, received (3|-1|7)"):
        to_categorical(labels, 3)


@pytest.mark.parametrize("classes", [0, -1, 2.5, "3"])
def test_to_categorical_refuses_class_counts(classes: Any) -> None:
    with pytest.raises(ValueError, match="num_classes"):
        to_categorical([0], classes)


arrays = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=3), elements=st.floats(-9, 9, width=32))


@given(arrays, st.sampled_from([0, 1, -1]), st.sampled_from([1, 2, np.inf]))
def test_normalize_of_arrays_is_keras(x: np.ndarray, axis: int, order: float) -> None:
    import keras

    # Keras reads axis 0 as -1 when it puts the norms back in place, which fails on most shapes.
    theirs = keras.utils.normalize(x, axis, order) if axis else keras.utils.normalize(x.swapaxes(0, 1), 1, order)
    np.testing.assert_allclose(normalize(x, axis, order), theirs if axis else theirs.swapaxes(0, 1), rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_normalize_of_tensors_is_keras(order: int) -> None:
    import keras

    x = torch.randn(5, 4, 3)
    x[0] = 0
    x[1] = 1e-9
    torch.testing.assert_close(normalize(x, 1, order), keras.utils.normalize(x, 1, order))


def test_normalize_makes_unit_rows_and_keeps_zeros() -> None:
    np.testing.assert_array_equal(normalize([[3, 4], [0, 0]]), [[0.6, 0.8], [0, 0]])
    torch.testing.assert_close(normalize(torch.tensor([[3, 4]])), torch.tensor([[0.6, 0.8]]))
