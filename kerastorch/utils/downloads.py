"""`get_file`: download once, check, and perhaps unpack."""

from __future__ import annotations

import os
import shutil
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tqdm import tqdm  # not `auto`: without ipywidgets it warns at import in every notebook

from kerastorch.base import errors, files
from kerastorch.utils.archives import extract_archive

TIMEOUT = 60.0  # seconds without an answer


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Download a file, unless it is in the cache already.

    The file gets its name in the cache only when it is whole and its checksum is right. An archive is unpacked into an
    empty folder that then takes its name; parts of it that point outside are refused, links are left out.

    Args:
        fname: Its name in the cache; by default the last part of `origin`. With `extract`, a name without a dot is that
            of the folder.
        origin: The URL.
        untar: Older spelling of `extract=True` with `archive_format="tar"`.
        md5_hash: Older spelling of `file_hash` with `hash_algorithm="md5"`.
        file_hash: The checksum that the file must have. A cached file that has another is downloaded again.
        cache_subdir: The folder inside the cache; an absolute path is taken as it is.
        hash_algorithm: "sha256", "md5", or "auto" to tell from the length of `file_hash`.
        extract: Whether to unpack the file.
        archive_format: "tar", "zip", a list of them, or "auto" for both.
        cache_dir: The cache; default `$KERAS_HOME` or `~/.keras`.
        force_download: Whether to download although the file is there.

    Returns:
        The path of the file, or of the folder it was unpacked into.

    Raises:
        ValueError: An argument is wrong, the checksum is, or the file is no archive.
        OSError: The download failed, or the cache cannot be written to.

    Example:
        >>> get_file("flowers.tgz", "https://example.org/flowers.tgz", extract=True)  # doctest: +SKIP
        '/home/me/.keras/datasets/flowers_extracted'
    """
    if not origin:
        raise errors.value_error("`origin` of get_file", expected="the URL of the file", received=origin)
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    algorithm = _algorithm(hash_algorithm, file_hash)
    folder = Path(cache_dir or files.keras_home()).expanduser() / cache_subdir
    unpack = extract or untar
    target, unpacked = _places(folder, fname, origin, unpack)
    fresh = force_download or not target.exists() or (file_hash is not None and not _is(target, algorithm, file_hash))
    if fresh:
        _download(origin, target, algorithm, file_hash)
    if not unpack:
        return str(target)
    if fresh or not unpacked.is_dir():
        _unpack(target, unpacked, "tar" if untar else archive_format)
    return str(unpacked)


def _algorithm(name: str, file_hash: str | None) -> str:
    if name not in ("auto", "sha256", "md5"):
        raise errors.value_error("`hash_algorithm` of get_file", expected="'auto', 'sha256' or 'md5'", received=name)
    return name if name != "auto" else "sha256" if file_hash is not None and len(file_hash) == 64 else "md5"


def _places(folder: Path, fname: Any, origin: str, unpack: bool) -> tuple[Path, Path]:
    """Where the file goes and where it is unpacked, named as Keras names them."""
    name = os.fspath(fname) if fname else os.path.basename(urllib.parse.urlsplit(origin).path)
    if not name or name != os.path.basename(name) or name in (".", ".."):
        raise errors.value_error(
            "`fname` of get_file",
            expected="a plain file name" if fname else "one, as `origin` does not end in a file name",
            received=fname or origin,
            remedy="Name the folder by `cache_dir` and `cache_subdir`.",
        )
    if not unpack:
        return folder / name, folder
    if fname and "." in name:
        return folder / name, folder / f"{name[: name.find('.')]}_extracted"
    return folder / f"{name}_archive", folder / name


def _is(path: Path, algorithm: str, file_hash: str) -> bool:
    return files.digest(path, algorithm) == file_hash.lower()


def _download(origin: str, target: Path, algorithm: str, file_hash: str | None) -> None:
    try:
        with files.replacing(target) as beside:
            request = urllib.request.Request(origin, headers={"User-Agent": "kerastorch"})
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response, open(beside, "wb") as file:
                size = response.headers.get("Content-Length")
                with tqdm.wrapattr(
                    response, "read", total=int(size) if size else None, desc=target.name, leave=False, disable=None
                ) as body:
                    shutil.copyfileobj(body, file, 1 << 20)
            _check_whole(beside, origin, int(size) if size else None)
            if file_hash is not None and not _is(beside, algorithm, file_hash):
                raise errors.value_error(
                    f"The download from {origin}",
                    expected=f"{algorithm} {file_hash}",
                    received=errors.Said(f"{algorithm} {files.digest(beside, algorithm)}"),
                    remedy="Nothing was kept. The file changed at its source, or somebody changed it on the way.",
                )
    except OSError as error:
        text = errors.message(
            f"get_file from {origin}",
            expected=f"a download into {target}",
            received=errors.Said(str(error) or type(error).__name__),
            remedy="Check the address and the network; `KERAS_HOME` or `cache_dir` name another place to write to.",
        )
        raise OSError(text) from error


def _check_whole(path: Path, origin: str, size: int | None) -> None:
    came = path.stat().st_size
    if size is not None and came != size:
        raise OSError(errors.message(origin, expected=f"{size} bytes", received=errors.Said(f"{came} bytes")))


def _unpack(archive: Path, folder: Path, archive_format: Any) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as made:
        inside = Path(made, "content")
        inside.mkdir()
        extract_archive(archive, inside, archive_format)
        if folder.is_dir():
            folder.rename(Path(made, "before"))
        inside.rename(folder)
