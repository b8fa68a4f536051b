"""Scans of values."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.data import convert
from kerastorch.data.checks import check_finite, check_labels, check_one_hot


@given(
    dtype=st.sampled_from(["float16", "float32", "float64", ">f4"]),
    flat=st.integers(0, 599),
    value=st.sampled_from([np.nan, np.inf, -np.inf]),
    rest=st.sampled_from([0.0, 1.0, 6e4]),
)
def test_the_first_value_that_is_not_finite_is_found(dtype, flat, value, rest):
    array = np.full((20, 5, 6), rest, dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert.Rows.chunks, "__defaults__", (500,))
        check_finite("`x`", array)
        array.flat[flat] = value
        array.flat[-1] = value
        index = tuple(int(i) for i in np.unravel_index(flat, array.shape))
        with pytest.raises(ValueError) as caught:
            check_finite("`x`", array)
    assert f"received {value} at index {index}" in str(caught.value)


def test_large_numbers_are_finite_and_integers_pass_unread():
    check_finite("`x`", np.full(1000, 3e38, "float32"))
    check_finite("`x`", torch.full((10,), 6e4, dtype=torch.float16))
    check_finite("`y`", np.arange(5))
    with pytest.raises(ValueError, match="nan at index 3"):
        check_finite("`y`", torch.tensor([3e38, 3e38, 3e38, float("nan")]))


def test_the_scan_is_cheap():
    array = np.zeros((20_000, 784), "float32")
    best = min(_timed(lambda: check_finite("`x`", array)) for _ in range(5))
    bare = min(_timed(lambda: array.sum()) for _ in range(5))
    assert best < 2 * bare + 0.002


def _timed(run):
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


@given(
    dtype=st.sampled_from(["uint8", "int8", "int32", "int64", "float32"]),
    shape=st.sampled_from([(600,), (600, 1), (60, 10)]),
    flat=st.integers(0, 599),
    wrong=st.sampled_from([10, 77, -1, -5]),
)
def test_labels_out_of_range(dtype, shape, flat, wrong):
    if dtype == "uint8" and wrong < 0:
        return
    y = (np.arange(600) % 10).astype(dtype).reshape(shape)
    rank = 3 if shape == (60, 10) else 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert.Rows.chunks, "__defaults__", (100,))
        check_labels("`y`", y, 10, output_rank=rank)
        y.flat[flat] = wrong
        y.flat[-1] = wrong
        index = tuple(int(i) for i in np.unravel_index(flat, y.shape))
        with pytest.raises(ValueError) as caught:
            check_labels("`y`", y, 10, output_rank=rank)
    text = str(caught.value)
    assert "from 0 to 9" in text and f"at index {index[0] if len(index) == 1 else index}" in text


@pytest.mark.parametrize(
    ("y", "says"),
    [
        ([1, 2, 3], "subtract 1"),
        ([0, 1, 5], "at least 6"),
        ([0, -1, 1], "ignore_class"),
        ([0.0, 0.5, 1.0], "received 0.5 at index 1"),
        ([0.0, float("nan"), 1.0], "received nan at index 1"),
        (np.eye(3), "`categorical_crossentropy` for one-hot"),
    ],
)
def test_labels_say_what_to_do(y, says):
    with pytest.raises(ValueError, match="sparse_categorical_crossentropy") as caught:
        check_labels("`y`", np.asarray(y), 3)
    assert says in str(caught.value)


def test_labels_to_be_ignored():
    check_labels("`y`", np.array([0, 255, 2], "uint8"), 3, ignore_class=255)
    check_labels("`y`", torch.tensor([0, -1, 2]), 3, ignore_class=-1)
    check_labels("`y`", np.array([0.0, 1.0, 2.0]), 3)


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_class_numbers_given_to_a_loss_for_rows(shape):
    with pytest.raises(ValueError, match="Use `sparse_categorical_crossentropy`"):
        check_one_hot("`y`", np.zeros(shape), 3)


def test_rows_of_another_width():
    with pytest.raises(ValueError, match=r"rows of 3 numbers.*shape \(5, 4\)"):
        check_one_hot("`y`", np.zeros((5, 4)), 3)
    check_one_hot("`y`", np.zeros((5, 3)), 3)
    check_one_hot("`y`", np.zeros((5, 1)), 1)
    check_one_hot("`y`", np.zeros((5, 7, 3)), 3, output_rank=3)


def test_a_mapped_file_is_scanned(tmp_path, monkeypatch):
    monkeypatch.setattr(convert, "RELEASE_ABOVE", 0)
    array = np.zeros((5000, 784), "float32")
    array[4000, 7] = np.inf
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(ValueError, match=r"inf at index \(4000, 7\)"):
        check_finite("`x`", np.load(tmp_path / "x.npy", mmap_mode="r"))
