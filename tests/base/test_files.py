"""`base.files`: where Keras caches, checksums, and files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from kerastorch.base import files


def test_keras_home_is_the_variable_or_the_hidden_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert files.keras_home() == tmp_path
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert files.keras_home() == tmp_path / "me" / ".keras"


@pytest.mark.parametrize("size", [0, 3, (1 << 20) + 7])
def test_digest_is_hashlibs(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "a").write_bytes(data)
    assert files.digest(tmp_path / "a") == hashlib.sha256(data).hexdigest()
    assert files.digest(tmp_path / "a", "md5") == hashlib.md5(data).hexdigest()


def test_replacing_leaves_the_old_file_when_the_block_fails(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    with files.replacing(target) as beside:
        beside.write_text("old")
    with pytest.raises(KeyError), files.replacing(target) as beside:
        beside.write_text("half of the new")
        assert beside.parent == target.parent
        raise KeyError("cut")
    assert target.read_text() == "old"
    assert [p.name for p in target.parent.iterdir()] == ["file"]


def test_replacing_gives_the_permissions_of_an_ordinary_file(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    with files.replacing(tmp_path / "ours") as beside:
        beside.write_text("x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "ordinary").stat().st_mode
