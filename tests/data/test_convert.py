"""Arrays as rows of tensors."""

from __future__ import annotations

import mmap
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from kerastorch.base import policy
from kerastorch.data import convert
from kerastorch.data.convert import ArrayRows, TensorRows, find_mapping, to_rows, to_tensor


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int8", "int16", "int32", "int64", "bool", "float32"])
def test_integers_and_floatx_are_shared_not_copied(dtype):
    array = np.ones((6, 2), dtype)
    rows = to_rows(array, "`x`")
    assert rows.slice(0, 6).data_ptr() == array.ctypes.data
    assert str(rows.dtype) == f"torch.{dtype}"
    assert rows.take(torch.tensor([5, 0])).shape == (2, 2)


@pytest.mark.parametrize("dtype", ["float16", "float64", "longdouble", ">f8", ">f4"])
def test_numpy_floats_become_floatx(dtype):
    array = np.linspace(0, 1, 12).reshape(6, 2).astype(dtype)
    for floatx in ("float32", "float64", "bfloat16"):
        policy.set_floatx(floatx)
        rows = to_rows(array, "`x`")
        want = torch.from_numpy(array.astype("float64")).to(rows.dtype)
        assert str(rows.dtype) == f"torch.{floatx}"
        assert rows.slice(1, 4).equal(want[1:4])
        assert rows.take(torch.tensor([3, 1])).equal(want[[3, 1]])
        assert to_tensor(array, "`x`").equal(want)


def test_large_float64_is_cast_block_by_block(monkeypatch):
    monkeypatch.setattr(convert, "CAST_AT_ONCE", 10)
    array = np.random.rand(6, 2)
    rows = to_rows(array, "`x`")
    assert isinstance(rows, TensorRows) and rows.tensor.data_ptr() == array.ctypes.data
    assert rows.slice(0, 2).dtype == rows.take(torch.tensor([1])).dtype == torch.float32


def test_tensors_keep_their_dtype_and_lose_their_graph():
    tensor = torch.ones(3, 2, dtype=torch.float64, requires_grad=True)
    rows = to_rows(tensor, "`x`")
    assert rows.dtype == torch.float64 and not rows.slice(0, 1).requires_grad
    assert rows.slice(0, 3).data_ptr() == tensor.data_ptr()


def test_read_only_arrays_are_never_handed_out_and_nobody_warns():
    array = np.arange(6.0, dtype="float32")
    array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        block = to_rows(array, "`x`").slice(0, 6)
        tensor = to_tensor(array, "`x`")
    block += 1
    tensor += 1
    assert array.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("make", [lambda a: a[::-1], lambda a: a.astype(">i4"), lambda a: a[::-1, ::-1]])
def test_what_torch_cannot_share_is_copied_in_blocks(make):
    array = make(np.arange(12, dtype="int32").reshape(6, 2))
    rows = to_rows(array, "`x`")
    assert isinstance(rows, ArrayRows)
    assert rows.slice(2, 4).numpy().tolist() == array[2:4].tolist()
    assert rows.take(torch.tensor([4, 1])).tolist() == array[[4, 1]].tolist()
    assert rows.moved(torch.device("cpu")).tensor.tolist() == array.tolist()


def test_chunks_cover_the_array():
    rows = to_rows(np.arange(1000, dtype="int64"), "`x`")
    pieces = list(rows.chunks(size=240))
    assert [start for start, _ in pieces[:3]] == [0, 30, 60]
    assert torch.cat([piece for _, piece in pieces]).tolist() == list(range(1000))


@pytest.mark.parametrize("view", [lambda m: m, np.asarray, lambda m: m[5:9], lambda m: m.reshape(-1), lambda m: m[::2]])
def test_memory_maps_are_found_through_views(tmp_path, view, monkeypatch):
    monkeypatch.setattr(convert, "RELEASE_ABOVE", 0)
    np.save(tmp_path / "a.npy", np.zeros((100, 4), "float32"))
    for mode, droppable in (("r", True), ("r+", True), ("c", False)):
        mapping, mapped = find_mapping(view(np.load(tmp_path / "a.npy", mmap_mode=mode)))
        assert mapped and isinstance(mapping, mmap.mmap) == droppable
    assert find_mapping(np.zeros(3)) == (None, False)


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_a_mapped_file_is_read_rightly_and_kept(tmp_path, mode, monkeypatch):
    monkeypatch.setattr(convert, "RELEASE_ABOVE", 0)
    monkeypatch.setattr(convert, "FAULT_ROWS", 3)
    data = np.random.rand(50, 4).astype("float32")
    np.save(tmp_path / "a.npy", data)
    array = np.load(tmp_path / "a.npy", mmap_mode=mode)
    if mode != "r":
        array[7] = data[7] = 5.0
    rows = to_rows(array, "`x`")
    index = torch.randperm(50)
    assert rows.take(index).numpy().tolist() == data[index.numpy()].tolist()
    block = rows.slice(3, 20)
    assert block.numpy().tolist() == data[3:20].tolist()
    block.zero_()
    assert np.array_equal(array, data)


def test_small_maps_keep_their_pages(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((100, 4)))
    assert find_mapping(np.load(tmp_path / "a.npy", mmap_mode="r")) == (None, True)


def test_pandas():
    floats = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4], "c": [True, False]})
    assert to_rows(floats, "`x`").slice(0, 2).equal(torch.tensor([[1.0, 3.0, 1.0], [2.0, 4.0, 0.0]]))
    assert to_rows(pd.DataFrame({"b": [3, 4], "c": [True, False]}), "`x`").dtype == torch.int64
    assert to_rows(pd.DataFrame({"c": [True, False]}), "`x`").dtype == torch.bool
    assert to_rows(pd.Series([1, 2, 3], dtype="int32"), "`y`").slice(0, 3).tolist() == [[1], [2], [3]]
    assert to_rows(pd.Series([1, 2], dtype="Int64"), "`y`").dtype == torch.int64
    assert to_rows(pd.Series([1, None], dtype="Int64"), "`y`").slice(0, 2).isnan().tolist() == [[False], [True]]
    assert to_rows(pd.Series([1.5, 2], dtype="Float32"), "`y`").dtype == torch.float32
    assert to_rows(pd.Index([1, 2]), "`y`").shape == (2, 1)


def test_pandas_agrees_with_keras_on_dtypes():
    from keras.src.trainers.data_adapters import array_slicing

    for frame in (
        pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]}),
        pd.DataFrame({"a": [1, 2]}),
        pd.Series([1.0, 2.0]),
        pd.Series([1, 2]),
    ):
        sliceable = array_slicing.convert_to_sliceable(frame, target_backend="numpy")
        theirs = sliceable.convert_to_numpy(sliceable[0:2])
        ours = to_rows(frame, "`x`").slice(0, 2).numpy()
        assert theirs.dtype == ours.dtype and np.array_equal(theirs, ours)


class _Foreign:
    def __array__(self, dtype=None, copy=None):
        return np.arange(3, dtype="float64")


def test_anything_with_array():
    assert to_rows(_Foreign(), "`x`").slice(0, 3).equal(torch.arange(3.0))


RAGGED = np.empty(2, object)
RAGGED[:] = [[1], [1, 2]]


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        (np.array(["a", "b"]), ValueError, "strings"),
        (np.array([b"a"]), ValueError, "byte strings"),
        (RAGGED, ValueError, "pad_sequences"),
        (np.ones(2, complex), ValueError, "two real"),
        (np.array("2024", "datetime64[D]"), ValueError, "dates"),
        (np.zeros(2, [("a", "f4")]), ValueError, "records"),
        (np.float32(3), ValueError, "first dimension"),
        (np.ma.masked_array([1.0, 2.0], [0, 1]), ValueError, "filled"),
        (torch.ones(2, dtype=torch.complex64), ValueError, "two real"),
        (torch.tensor(1.0), ValueError, "first dimension"),
        (torch.eye(3).to_sparse(), ValueError, "to_dense"),
        (scipy.sparse.eye(3).tocsr(), TypeError, "toarray"),
        (pd.DataFrame({"n": [1, 2], "city": ["a", "b"]}), ValueError, "column 'city'"),
        (pd.Series(["a", "b"], dtype="category", name="k"), ValueError, "column 'k'"),
        (3, TypeError, "np.array"),
        ("text", TypeError, "torch tensor"),
        (object(), TypeError, "received an object"),
    ],
)
def test_refusals_name_the_place(value, error, says):
    for convert_it in (to_rows, to_tensor):
        with pytest.raises(error, match=r"`x\['a'\]`") as caught:
            convert_it(value, "`x['a']`")
        assert says in str(caught.value)
