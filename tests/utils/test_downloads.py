"""`get_file` against a web server on this machine."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kerastorch.utils import get_file
from tests.support.web import Server, serve

DATA = b"some data" * 1000
SHA256, MD5 = hashlib.sha256(DATA).hexdigest(), hashlib.md5(DATA).hexdigest()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serves file.bin, short.bin (cut) and things.zip."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file.bin").write_bytes(DATA)
    (folder / "short.bin").write_bytes(DATA)
    with zipfile.ZipFile(folder / "things.zip", "w") as archive:
        archive.writestr("top/a.txt", "1")
    with serve(folder) as running:
        yield running


def _files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_second_call_takes_the_cache(server: Server, cache: Path) -> None:
    first, second = (get_file(origin=server.url + "file.bin", file_hash=SHA256) for _ in range(2))
    assert first == second == str(cache / "datasets" / "file.bin")
    assert Path(first).read_bytes() == DATA and server.asked == ["/file.bin"]


@pytest.mark.parametrize("given", [{"file_hash": MD5}, {"md5_hash": MD5}, {"file_hash": SHA256.upper()}])
def test_hashes_in_every_spelling(server: Server, cache: Path, given: dict[str, str]) -> None:
    assert Path(get_file("f", server.url + "file.bin", **given)).read_bytes() == DATA


def test_a_cached_file_with_another_hash_is_downloaded_again(server: Server, cache: Path) -> None:
    (cache / "datasets").mkdir()
    (cache / "datasets" / "file.bin").write_text("tampered")
    assert Path(get_file(origin=server.url + "file.bin", file_hash=SHA256)).read_bytes() == DATA


def test_force_download_downloads_again(server: Server, cache: Path) -> None:
    for _ in range(2):
        get_file(origin=server.url + "file.bin", force_download=True)
    assert len(server.asked) == 2


def test_a_wrong_download_is_not_kept_and_the_old_file_stays(server: Server, cache: Path) -> None:
    (cache / "datasets").mkdir()
    (cache / "datasets" / "file.bin").write_text("old")
    with pytest.raises(ValueError, match=f"expected sha256 {'0' * 64}, received sha256 {SHA256}"):
        get_file(origin=server.url + "file.bin", file_hash="0" * 64)
    assert _files(cache) == ["datasets/file.bin"]
    assert (cache / "datasets" / "file.bin").read_text() == "old"


@pytest.mark.parametrize("name", ["missing.bin", "short.bin"])
def test_a_failed_download_says_what_was_tried(server: Server, cache: Path, name: str) -> None:
    with pytest.raises(OSError, match=f"{name}.*(404|bytes).*KERAS_HOME"):
        get_file(origin=server.url + name)
    assert _files(cache) == []


def test_no_server_is_an_error_that_names_the_address(cache: Path) -> None:
    with pytest.raises(OSError, match=r"http://127\.0\.0\.1:9/x: expected a download .* refused"):
        get_file(origin="http://127.0.0.1:9/x")


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [({}, "things.zip"), ({"fname": "things.zip"}, "things_extracted"), ({"fname": "named"}, "named")],
)
def test_unpacked_folders_have_keras_names(
    server: Server, cache: Path, tmp_path: Path, arguments: dict[str, Any], folder: str
) -> None:
    import keras

    origin = server.url + "things.zip"
    theirs = keras.utils.get_file(origin=origin, extract=True, cache_dir=_made(tmp_path / "theirs"), **arguments)
    ours = [get_file(origin=origin, extract=True, **arguments) for _ in range(2)]
    assert ours == [str(cache / "datasets" / folder)] * 2
    assert Path(theirs).relative_to(tmp_path / "theirs") == Path(ours[0]).relative_to(cache)
    assert _files(cache) == _files(tmp_path / "theirs") and (Path(ours[0]) / "top" / "a.txt").read_text() == "1"


def _made(folder: Path) -> str:
    folder.mkdir()
    return str(folder)


def test_a_new_download_replaces_the_unpacked_folder(server: Server, cache: Path) -> None:
    where = Path(get_file("t", server.url + "things.zip", extract=True))
    (where / "left over").touch()
    get_file("t", server.url + "things.zip", extract=True, force_download=True)
    assert _files(where) == ["top/a.txt"]


def test_untar_of_a_zip_is_refused(server: Server, cache: Path) -> None:
    with pytest.raises(ValueError, match="an archive of the format tar"):
        get_file("t", server.url + "things.zip", untar=True)
    assert _files(cache) == ["datasets/t_archive"]


def test_folders_can_be_named(server: Server, tmp_path: Path, cache: Path) -> None:
    path = get_file("f", server.url + "file.bin", cache_subdir="sub", cache_dir=tmp_path / "elsewhere")
    assert path == str(tmp_path / "elsewhere" / "sub" / "f")
    assert get_file("f", server.url + "file.bin", cache_subdir=str(tmp_path / "abs")) == str(tmp_path / "abs" / "f")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "`origin`"),
        ({"origin": "http://127.0.0.1/"}, "does not end in a file name"),
        ({"origin": "http://127.0.0.1/a", "fname": "../a"}, "a plain file name, received '../a'"),
        ({"origin": "http://127.0.0.1/a", "fname": ".."}, "a plain file name"),
        ({"origin": "http://127.0.0.1/a", "hash_algorithm": "crc"}, "'sha256' or 'md5', received 'crc'"),
    ],
)
def test_refusals(cache: Path, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        get_file(**arguments)
