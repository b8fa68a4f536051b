"""Archives are unpacked inside their folder or not at all."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerastorch.utils import archives

Files = dict[str, bytes]


def _tar(path: Path, files: Files, mode: Any = "w:gz", links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, mode) as tar:
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def _zip(path: Path, files: Files, links: dict[str, str] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, target in (links or {}).items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, target)
        for name, data in files.items():
            archive.writestr(name, data)
    return path


MAKERS: list[Callable[..., Path]] = [_tar, _zip]
makers = pytest.mark.parametrize("make", MAKERS)


def _tree(folder: Path) -> Files:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """The folder to unpack into, with something precious beside it."""
    (tmp_path / "precious").write_text("mine")
    folder = tmp_path / "inside"
    folder.mkdir()
    return folder


@makers
def test_files_and_folders_come_out_whole(tmp_path: Path, inside: Path, make: Callable[..., Path]) -> None:
    files = {"a.txt": b"1", "deep/er/b.bin": bytes(range(256)) * 99, "deep/empty": b""}
    archives.extract_archive(make(tmp_path / "archive", files), inside)
    assert _tree(inside) == files


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_every_tar_compression_is_read(tmp_path: Path, inside: Path, mode: str) -> None:
    archives.extract_archive(_tar(tmp_path / "archive", {"a": b"1"}, mode), inside, "tar")
    assert _tree(inside) == {"a": b"1"}


@makers
@pytest.mark.parametrize("name", ["../precious", "/precious", "a/../../precious", "..\\precious", "C:\\precious"])
def test_a_path_that_leads_out_refuses_the_archive(
    tmp_path: Path, inside: Path, make: Callable[..., Path], name: str
) -> None:
    archive = make(tmp_path / "archive", {"first": b"1", name: b"stolen"})
    with pytest.raises(ValueError, match="paths inside the folder"):
        archives.extract_archive(archive, inside)
    assert _tree(inside) == {} and (tmp_path / "precious").read_text() == "mine"


@makers
def test_links_are_left_out_and_cannot_be_written_through(
    tmp_path: Path, inside: Path, make: Callable[..., Path]
) -> None:
    archive = make(tmp_path / "archive", {"link/precious": b"stolen", "ok": b"1"}, links={"link": str(tmp_path)})
    with pytest.warns(UserWarning, match="'link' was not unpacked"):
        archives.extract_archive(archive, inside)
    assert (tmp_path / "precious").read_text() == "mine"
    assert _tree(inside) == {"ok": b"1", "link/precious": b"stolen"}
    assert not (inside / "link").is_symlink()


def test_an_archive_larger_than_the_disk_is_refused(
    tmp_path: Path, inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = _zip(tmp_path / "archive", {"a": b"12345"})
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 4}))
    with pytest.raises(OSError, match="at most the 4 bytes that are free here, received 5 bytes"):
        archives.extract_archive(archive, inside)


@pytest.mark.parametrize("archive_format", ["auto", "tar", ["zip"], None])
def test_what_is_no_archive_is_refused(tmp_path: Path, inside: Path, archive_format: Any) -> None:
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(ValueError, match="expected an archive"):
        archives.extract_archive(tmp_path / "text", inside, archive_format)


def test_an_unknown_format_is_refused(tmp_path: Path, inside: Path) -> None:
    with pytest.raises(ValueError, match="'auto', 'tar' or 'zip', received 'rar'"):
        archives.extract_archive(tmp_path / "x", inside, "rar")
