"""The container of a `.keras` model: damaged and hostile archives."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

import pytest

import kerastorch as keras
from kerastorch.saving import archive
from tests.saving import files


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "m.keras")
    return tmp_path / "m.keras"


def _refused(path: Path, match: str) -> None:
    with pytest.raises(ValueError, match=match) as caught:
        keras.saving.load_model(path)
    assert str(path) in str(caught.value)


def test_the_archive_is_stored_and_holds_three_files(saved: Path) -> None:
    with zipfile.ZipFile(saved) as opened:
        assert opened.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert {info.compress_type for info in opened.infolist()} == {zipfile.ZIP_STORED}
    assert os.listdir(saved.parent) == ["m.keras"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_cut_archive_is_refused(saved: Path, share: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * share)])
    _refused(saved, "zip archive")


def test_damaged_weights_are_noticed_by_their_checksum(saved: Path) -> None:
    whole = bytearray(saved.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    saved.write_bytes(whole)
    _refused(saved, r"model\.weights\.h5 that cannot be read \(Bad CRC")


@pytest.mark.parametrize("part", ["config", "metadata", "weights"])
def test_a_missing_part_is_named(saved: Path, part: str, tmp_path: Path) -> None:
    _refused(files.rewritten(saved, tmp_path / "x.keras", **{part: None}), "no entries called")


def test_two_entries_of_one_name_are_refused(saved: Path) -> None:
    with zipfile.ZipFile(saved, "a") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr("config.json", "{}")
    _refused(saved, "2 entries called 'config.json'")


def test_other_entries_are_never_looked_at(saved: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(saved, "a") as opened:
        opened.writestr("../../evil.py", "raise SystemExit")
        opened.writestr("/etc/evil", "x")
        opened.writestr("assets/layers/x", "y")
    before = sorted(os.listdir(tmp_path))
    keras.saving.load_model(saved)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_bomb_is_not_unpacked(saved: Path, tmp_path: Path) -> None:
    zeros = bytes(1 << 26)
    _refused(files.rewritten(saved, tmp_path / "x.keras", weights=zeros), "bytes that declare to be 67108864")
    _refused(files.rewritten(saved, tmp_path / "y.keras", config=b" " * (1 << 25)), "bytes that declare to be")


def test_lying_sizes_are_refused(saved: Path) -> None:
    """The directory of the archive says that the stored weights have two gigabytes."""
    whole = bytearray(saved.read_bytes())
    entry = whole.rfind(b"PK\x01\x02")
    whole[entry + 20 : entry + 28] = struct.pack("<II", 2**31, 2**31)
    saved.write_bytes(whole)
    _refused(saved, "declare to be 2147483648")


def test_encrypted_and_strangely_packed_entries_are_refused(saved: Path, tmp_path: Path) -> None:
    whole = bytearray(saved.read_bytes())
    entry = whole.find(b"PK\x01\x02")
    whole[entry + 8] |= 1
    (tmp_path / "x.keras").write_bytes(whole)
    _refused(tmp_path / "x.keras", "encrypted")
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(tmp_path / "y.keras", "w", zipfile.ZIP_LZMA) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    _refused(tmp_path / "y.keras", "packed by method 14")


def test_folders_are_containers_too(saved: Path, tmp_path: Path) -> None:
    model = keras.saving.load_model(saved)
    model.save(tmp_path / "folder", zipped=False)
    assert sorted(os.listdir(tmp_path / "folder")) == sorted([archive.METADATA, archive.CONFIG, archive.WEIGHTS])
    again = keras.saving.load_model(tmp_path / "folder")
    assert (again.get_weights()[0] == model.get_weights()[0]).all()
    (tmp_path / "folder" / archive.WEIGHTS).unlink()
    _refused(tmp_path / "folder", r"no model\.weights\.h5 in it")


def test_something_else_with_that_name(tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_text("hello")
    _refused(tmp_path / "m.keras", "5 bytes that cannot be read as one")
    with pytest.raises(FileNotFoundError):
        keras.saving.load_model(tmp_path / "none.keras")
