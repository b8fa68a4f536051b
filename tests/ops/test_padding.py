"""The arithmetic of padding, against a count of windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.ops import _padding


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 5), st.integers(1, 3))
def test_same_padding_gives_ceil_of_size_over_stride(size: int, kernel: int, stride: int, dilation: int) -> None:
    before, after = _padding.same_padding(size, kernel, stride, dilation)
    reach = (kernel - 1) * dilation + 1
    assert 0 <= before <= after <= before + 1
    assert (size + before + after - reach) // stride + 1 == -(-size // stride)


@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 5), st.integers(1, 3))
def test_transposed_same_gives_size_times_stride(size: int, kernel: int, stride: int, dilation: int) -> None:
    before, after = _padding.transposed_crop(kernel, stride, "same", None, dilation)
    full = (size - 1) * stride + (kernel - 1) * dilation + 1
    assert full - before - after == size * stride


def test_transposed_valid_covers_the_stride() -> None:
    assert _padding.transposed_crop(2, 5, "valid") == (0, -3)
    assert _padding.transposed_crop(2, 2, "valid", 1) == (0, -1)
    with pytest.raises(ValueError, match="'valid' or 'same'"):
        _padding.transposed_crop(2, 2, "full")


def test_causal_padding_is_all_in_front() -> None:
    assert _padding.causal_padding(4) == (3, 0)
