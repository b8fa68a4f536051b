"""HDF5 files that hold what weights do not need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import kerastorch as keras
from kerastorch.saving import hdf5


def _model() -> keras.Model:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def _external_link(file: h5py.File, folder: Path) -> None:
    with h5py.File(folder / "other.h5", "w") as other:
        other["x"] = np.ones((3, 2), "float32")
    file["layers/dense/vars/0"] = h5py.ExternalLink(str(folder / "other.h5"), "/x")


def _external_storage(file: h5py.File, folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(24))
    file["layers/dense/vars"].create_dataset("0", (3, 2), "float32", external=[(str(folder / "secret"), 0, 24)])


def _virtual(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout((3, 2), "float32")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", (3, 2))
    file["layers/dense/vars"].create_virtual_dataset("0", layout)


def _soft(file: h5py.File, folder: Path) -> None:
    file["layers/dense/vars/0"] = h5py.SoftLink("/layers/dense/vars/1")


def _soft_group(file: h5py.File, folder: Path) -> None:
    del file["layers/dense"]
    file["layers/dense"] = h5py.SoftLink("/somewhere")


def _cycle(file: h5py.File, folder: Path) -> None:
    file["layers/dense/layers"] = file["layers"]


def _deep(file: h5py.File, folder: Path) -> None:
    group = file["layers"]
    for _ in range(hdf5.MAX_DEPTH + 5):
        group = group.create_group("x")


def _text(file: h5py.File, folder: Path) -> None:
    file["layers/dense/vars"].create_dataset("0", (3, 2), h5py.string_dtype())


def _ragged(file: h5py.File, folder: Path) -> None:
    file["layers/dense/vars"].create_dataset("0", (3, 2), h5py.vlen_dtype(np.float32))


def _reference(file: h5py.File, folder: Path) -> None:
    file["layers/dense/vars"].create_dataset("0", (3, 2), h5py.ref_dtype)


def _compound(file: h5py.File, folder: Path) -> None:
    file["layers/dense/vars"].create_dataset("0", (3, 2), np.dtype([("a", "f4"), ("b", "f4")]))


def _named_type(file: h5py.File, folder: Path) -> None:
    file["layers/dense/vars/0"] = np.dtype("f4")


def _elsewhere(file: h5py.File, folder: Path) -> None:
    file["layers/dense/vars/0"] = np.ones((3, 2), "f4")
    file["layers/dense/loose"] = np.ones((3, 2), "f4")


def _null(file: h5py.File, folder: Path) -> None:
    file["layers/dense/vars/0"] = h5py.Empty("f4")


def _large_chunks(file: h5py.File, folder: Path) -> None:
    shape = {"shape": (3, 2), "maxshape": (None, None), "chunks": (2**13, 2**13)}
    file["layers/dense/vars"].create_dataset("0", dtype="f4", compression="gzip", **shape)


HOSTILE: list[Callable[[h5py.File, Path], None]] = [
    _external_link, _external_storage, _virtual, _soft, _soft_group, _cycle, _deep, _text, _ragged, _reference,
    _compound, _named_type, _elsewhere, _null, _large_chunks,
]  # fmt: skip


@pytest.mark.parametrize("spoil", HOSTILE, ids=lambda f: f.__name__[1:])
def test_hostile_files_are_refused_and_nothing_is_assigned(
    spoil: Callable[[h5py.File, Path], None], tmp_path: Path
) -> None:
    model = _model()
    before = model.get_weights()
    path = tmp_path / "m.weights.h5"
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        del file["layers/dense/vars/0"]
        spoil(file, tmp_path)
    with pytest.raises(ValueError, match=rf"{path.name}.*expected an HDF5 file of plain arrays"):
        model.load_weights(path)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_array_larger_than_the_weight_is_not_read(tmp_path: Path) -> None:
    """A petabyte is declared and nothing is stored."""
    model, path = _model(), tmp_path / "m.weights.h5"
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars"].create_dataset("0", (2**25, 2**23), "f4", chunks=(1024, 1024), compression="gzip")
    assert path.stat().st_size < 20_000
    with pytest.raises(
        ValueError, match=r"layers/dense/vars/0 .*the model has \(3, 2\) float32, the file \(33554432, 8388608\)"
    ):
        model.load_weights(path)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 0.95])
def test_a_file_that_is_cut_off_is_refused(share: float, tmp_path: Path) -> None:
    model, path = _model(), tmp_path / "m.weights.h5"
    model.save_weights(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match=r"m\.weights\.h5.*cannot be read"):
        model.load_weights(path)


def test_packed_arrays_are_read_and_damaged_ones_refused(tmp_path: Path) -> None:
    model, path = _model(), tmp_path / "m.weights.h5"
    model.save_weights(path)
    wanted = np.arange(6, dtype=">f8").reshape(3, 2)
    with h5py.File(path, "r+") as file:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars"].create_dataset("0", data=wanted, compression="gzip", shuffle=True, fletcher32=True)
        place = file["layers/dense/vars/0"].id.get_chunk_info(0).byte_offset
    model.load_weights(path)
    np.testing.assert_array_equal(model.get_weights()[0], wanted)
    broken = bytearray(path.read_bytes())
    broken[place + 4] ^= 0xFF
    path.write_bytes(broken)
    before = model.get_weights()
    with pytest.raises(ValueError, match="cannot be read"):
        model.load_weights(path)
    np.testing.assert_array_equal(model.get_weights()[1], before[1])


def test_any_single_damaged_byte_gives_weights_or_a_clear_error(tmp_path: Path) -> None:
    model, path = _model(), tmp_path / "m.weights.h5"
    model.save_weights(path)
    whole = path.read_bytes()
    for position in np.random.default_rng(0).integers(0, len(whole), 150):
        broken = bytearray(whole)
        broken[position] ^= 0x55
        path.write_bytes(broken)
        try:
            model.load_weights(path)
        except ValueError as error:
            assert "m.weights.h5" in str(error)


def test_no_file_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        _model().load_weights(tmp_path / "none.weights.h5")


def test_unknown_filters_are_refused(tmp_path: Path) -> None:
    model, path = _model(), tmp_path / "m.weights.h5"
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        del file["layers/dense/vars/0"]
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((3, 2))
        plist.set_filter(31999, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((3, 2))
        h5py.h5d.create(file["layers/dense/vars"].id, b"0", h5py.h5t.NATIVE_FLOAT, space, dcpl=plist)
    with pytest.raises(ValueError, match="unknown filter 31999"):
        model.load_weights(path)
