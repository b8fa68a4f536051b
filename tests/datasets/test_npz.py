"""Files of data sets are read only if they are what they should be."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastorch.datasets import npz

FORM = npz.Form((2, 2), (), 4, 3)
X, Y = np.arange(16, dtype=np.uint8).reshape(4, 2, 2), np.arange(4, dtype=np.uint8)


def _save(path: Path, **changes: Any) -> Path:
    arrays = {"x_train": X, "y_train": Y, "x_test": X[:3], "y_test": Y[:3]} | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def test_written_files_are_read_back_and_verified(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    npz.write(path, (X, Y), (X[:3], Y[:3]))
    (x_train, y_train), (x_test, y_test) = npz.read(path, FORM)
    for read, written in ((x_train, X), (y_train, Y), (x_test, X[:3]), (y_test, Y[:3])):
        np.testing.assert_array_equal(read, written)
    assert npz.verify(path) == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npz", "a.npz.sha256"]


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    npz.write(path, (X, Y), (X, Y))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert "its checksum file says" in npz.verify(path)
    path.with_name("a.npz.sha256").unlink()
    assert "no checksum file a.npz.sha256" in npz.verify(path)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"y_test": None}, "no array y_test"),
        ({"x_train": X[:, :1]}, r"x_train of shape \(4, 1, 2\)"),
        ({"x_train": X.astype(np.float32)}, "x_train of dtype float32"),
        ({"y_train": Y[:3]}, "4 images and 3 labels for train"),
        ({"x_train": X[:3], "y_train": Y[:3]}, "3 images and 3 labels for train"),
        ({"y_train": Y[:, None]}, r"y_train of shape \(4, 1\)"),
        ({"x_train": X[:0], "y_train": Y[:0]}, "0 images and 0 labels for train"),
        ({"y_train": np.array([None] * 4)}, "dtype object"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=rf"a\.npz.*expected the uint8 arrays.*received .*{text}"):
        npz.read(_save(tmp_path / "a.npz", **changes), FORM)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match="cannot be read as .npz"):
        npz.read(tmp_path / "a.npz", FORM)


def test_a_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.npz", y_test=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("y_test.npy", b"import os")
    with pytest.raises(ValueError, match="cannot be read as .npz"):
        npz.read(path, FORM)


def test_a_header_that_declares_terabytes_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"shape": (1 << 40, 2, 2), "fortran_order": False, "descr": "|u1"})
    path = _save(tmp_path / "a.npz", x_train=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", header.getvalue())
    with pytest.raises(ValueError, match="1099511627776"):
        npz.read(path, npz.Form((2, 2)))


def test_any_number_of_samples_where_the_form_names_none(tmp_path: Path) -> None:
    (x, _), _ = npz.read(_save(tmp_path / "a.npz", x_train=X[:2], y_train=Y[:2]), npz.Form((2, 2)))
    assert len(x) == 2
