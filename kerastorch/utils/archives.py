"""Unpacking tar and zip files from strangers."""

from __future__ import annotations

import shutil
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from kerastorch.base import errors

# A member of an archive: its path, its size if it is a file (None for folders), and how to open it.
Member = tuple[str, int | None, Callable[[], IO[bytes] | None]]
FORMATS = ("tar", "zip")


def extract_archive(archive: Path, folder: Path, archive_format: Any = "auto") -> None:
    """Unpack the files and folders of an archive; everything is checked before anything is written.

    Args:
        archive: A .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz file, whatever its name.
        folder: An existing folder to unpack into.
        archive_format: "tar", "zip", a list of them, or "auto" for both.

    Raises:
        ValueError: It is no such archive, or one of its paths leads outside `folder`.
        OSError: It would not fit on the disk.
    """
    formats = FORMATS if archive_format == "auto" else archive_format
    formats = (formats,) if isinstance(formats, str) else tuple(formats or ())
    if not set(formats) <= set(FORMATS):
        raise errors.value_error("`archive_format`", expected="'auto', 'tar' or 'zip'", received=archive_format)
    if "tar" in formats and tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            _extract(archive, folder, list(_tar_members(tar)))
    elif "zip" in formats and zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            _extract(archive, folder, list(_zip_members(zipped)))
    else:
        raise errors.value_error(
            f"The file {str(archive)!r}",
            expected="an archive of the format " + " or ".join(formats or ("'tar' or 'zip'",)),
            received=errors.Said("something else"),
        )


def _extract(archive: Path, folder: Path, members: list[Member]) -> None:
    places = [(_place(archive, folder, name), size, opened) for name, size, opened in members]
    needed, free = sum(size or 0 for _, size, _ in places), shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            errors.message(
                f"The archive {str(archive)!r}",
                expected=f"at most the {free} bytes that are free here",
                received=errors.Said(f"{needed} bytes"),
            )
        )
    for place, size, opened in places:
        if size is None:
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        source = opened()
        if source is not None:
            with source, open(place, "wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)


def _place(archive: Path, folder: Path, name: str) -> Path:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name.partition("/")[0] or "\0" in name:
        raise errors.value_error(
            f"The archive {str(archive)!r}", expected="paths inside the folder it is unpacked into", received=name
        )
    return folder.joinpath(*parts.parts)


def _tar_members(tar: tarfile.TarFile) -> Iterator[Member]:
    for info in tar:
        if info.isfile() or info.isdir():
            yield info.name, None if info.isdir() else info.size, partial(tar.extractfile, info)
        else:
            _leave_out(info.name)


def _zip_members(zipped: zipfile.ZipFile) -> Iterator[Member]:
    for info in zipped.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind in (0, stat.S_IFREG, stat.S_IFDIR):
            yield info.filename, None if info.is_dir() else info.file_size, partial(zipped.open, info)
        else:
            _leave_out(info.filename)


def _leave_out(name: str) -> None:
    warnings.warn(f"{name!r} was not unpacked: it is a link or a device, not a file.", UserWarning, stacklevel=2)
