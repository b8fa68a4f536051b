"""`pad_sequences` against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.utils import pad_sequences

sides = st.sampled_from(["pre", "post"])


@given(
    st.lists(st.lists(st.integers(-5, 5), max_size=6), min_size=1, max_size=5),
    st.one_of(st.none(), st.integers(1, 8)),
    sides,
    sides,
    st.sampled_from(["int32", "float32", "int64"]),
    st.integers(-3, 3),
)
def test_padding_is_keras(sequences: Any, maxlen: Any, padding: str, truncating: str, dtype: str, value: int) -> None:
    import keras

    options = {"dtype": dtype, "padding": padding, "truncating": truncating, "value": value}
    ours = pad_sequences(sequences, maxlen, **options)
    theirs = keras.utils.pad_sequences(sequences, maxlen, **options)
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape


def test_padding_of_vectors_is_keras() -> None:
    import keras

    sequences = [np.ones((2, 3)), np.zeros((0, 3)), np.full((5, 3), 2.0)]
    np.testing.assert_array_equal(
        pad_sequences(sequences, 4, "float32"), keras.utils.pad_sequences(sequences, 4, "float32")
    )


def test_padding_of_strings_is_keras() -> None:
    import keras

    words = [["a"], ["b", "c"]]
    np.testing.assert_array_equal(
        pad_sequences(words, dtype=object, value="pad"), keras.utils.pad_sequences(words, dtype=object, value="pad")
    )


def test_length_zero_is_an_empty_array() -> None:
    assert pad_sequences([[1, 2], []], maxlen=0).shape == (2, 0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"sequences": 5}, "a list of sequences, received 5"),
        ({"sequences": [[1], 2]}, "Element 1 .* received 2"),
        ({"sequences": [[1]], "padding": "left"}, "`padding`.*'pre' or 'post', received 'left'"),
        ({"sequences": [[1]], "truncating": "right"}, "`truncating`"),
        ({"sequences": [[1]], "value": "pad"}, "dtype=object"),
        ({"sequences": [[[1, 2]], [[1]]]}, "Sequence 1 .*shape \\(2,\\)"),
    ],
)
def test_refusals(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        pad_sequences(**arguments)
