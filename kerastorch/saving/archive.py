"""The container of a `.keras` model: a zip archive or a folder with three files of known names.

Nothing is ever extracted: the three files are read by name, after their declared sizes were compared with the
archive's real size.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from kerastorch.base import errors
from kerastorch.base.files import replacing

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
MAX_JSON_BYTES = 1 << 26
# How much larger than its compressed form a file may be, once it is larger than the floor.
_MAX_RATIO, _RATIO_FLOOR = 100, 1 << 24
_MAX_ENTRIES = 10_000
_TROUBLE = (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError, UnicodeError)

WriteWeights = Callable[[BinaryIO], None]


def write_zip(path: str, metadata: str, config: str, write_weights: WriteWeights) -> None:
    """Write a `.keras` archive beside its target and put it in place.

    Args:
        path: The target.
        metadata: JSON text.
        config: JSON text.
        write_weights: Writes the HDF5 file into an open, empty file.
    """
    with (
        replacing(path) as beside,
        zipfile.ZipFile(beside, "w") as archive,
        tempfile.TemporaryFile(dir=beside.parent) as weights,
    ):
        archive.writestr(METADATA, metadata)
        archive.writestr(CONFIG, config)
        write_weights(weights)
        weights.seek(0)
        with archive.open(WEIGHTS, "w", force_zip64=True) as target:
            shutil.copyfileobj(weights, target, 1 << 20)


def write_folder(path: str, metadata: str, config: str, write_weights: WriteWeights) -> None:
    """Write the three files into a folder, each beside its target first."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / WEIGHTS) as beside, open(beside, "rb+") as file:
        write_weights(file)
    for name, text in ((METADATA, metadata), (CONFIG, config)):
        with replacing(folder / name) as beside:
            beside.write_text(text, encoding="utf-8")


class Container:
    """A model's files, open to be read.

    Args:
        subject: What to call it in errors.
    """

    def __init__(self, subject: str) -> None:
        self.subject = subject

    def size(self, name: str) -> int:
        """The size of a file in bytes.

        Raises:
            ValueError: There is no such file, or it declares an impossible size.
        """
        raise NotImplementedError

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open one file."""
        raise NotImplementedError
        yield

    def text(self, name: str) -> str:
        """A JSON file as text.

        Raises:
            ValueError: It is too large, damaged, or no UTF-8.
        """
        if self.size(name) > MAX_JSON_BYTES:
            raise self.refused(f"{name} of {self.size(name)} bytes", f"a {name} of at most {MAX_JSON_BYTES} bytes")
        try:
            with self.open(name) as file:
                return file.read(MAX_JSON_BYTES + 1).decode()
        except _TROUBLE as error:
            raise self.refused(f"a {name} that cannot be read ({error})") from error

    def refused(self, received: str, expected: str = "a whole Keras model file") -> ValueError:
        """The error for a file that is damaged or hostile."""
        return errors.value_error(
            self.subject,
            expected=expected,
            received=errors.Said(received),
            remedy="It may be damaged: save or copy it again.",
        )


class Archive(Container):
    """A zip archive; it must stay open while its files are read."""

    def __init__(self, zipped: zipfile.ZipFile, length: int, subject: str) -> None:
        super().__init__(subject)
        self.zipped = zipped
        self.length = length
        if len(zipped.filelist) > _MAX_ENTRIES:
            raise self.refused(f"{len(zipped.filelist)} entries")

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entries = [info for info in self.zipped.infolist() if info.filename == name]
        if len(entries) != 1:
            raise self.refused(f"{len(entries) or 'no'} entries called {name!r}", f"one entry called {name!r}")
        (info,) = entries
        if info.flag_bits & 0x1:
            raise self.refused(f"an encrypted {name}")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self.refused(f"{name} packed by method {info.compress_type}", "entries that are stored or deflated")
        unpacks = info.file_size > max(_RATIO_FLOOR, _MAX_RATIO * info.compress_size)
        if info.compress_size > self.length or unpacks or (not info.compress_type and info.file_size > self.length):
            raise self.refused(f"{name}, {info.compress_size} bytes that declare to be {info.file_size}")
        return info

    def size(self, name: str) -> int:
        return self._entry(name).file_size

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """The file in memory: HDF5 jumps about in it, and so its checksum is looked at."""
        info = self._entry(name)
        try:
            with self.zipped.open(info) as file:
                whole = file.read(info.file_size + 1)
        except (*_TROUBLE, MemoryError) as error:
            raise self.refused(f"a {name} that cannot be read ({error})") from error
        yield io.BytesIO(whole)


class Folder(Container):
    """A folder with the same three files."""

    def __init__(self, path: Path, subject: str) -> None:
        super().__init__(subject)
        self.path = path

    def _file(self, name: str) -> Path:
        file = self.path / name
        if not file.is_file():
            raise self.refused(f"no {name} in it", f"a folder with {METADATA}, {CONFIG} and {WEIGHTS}")
        return file

    def size(self, name: str) -> int:
        return self._file(name).stat().st_size

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        with open(self._file(name), "rb") as file:
            yield file


@contextmanager
def container(path: str) -> Iterator[Container]:
    """Open a `.keras` archive or folder.

    Raises:
        FileNotFoundError: There is nothing at `path`.
        ValueError: It is no zip archive.
    """
    subject = f"Model file {path!r}"
    if os.path.isdir(path):
        yield Folder(Path(path), subject)
        return
    with open(path, "rb") as file:
        try:
            zipped = zipfile.ZipFile(file)
        except _TROUBLE as error:
            raise errors.value_error(
                subject,
                expected="a zip archive, as `model.save` writes it",
                received=errors.Said(f"{os.path.getsize(path)} bytes that cannot be read as one ({error})"),
                remedy="It may be cut off or damaged: save or copy it again.",
            ) from error
        with zipped:
            yield Archive(zipped, os.path.getsize(path), subject)
