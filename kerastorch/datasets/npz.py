"""Data sets as .npz files: read only after their arrays' declared form is right, written with their checksum."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastorch.base import errors, files

Pair = tuple[NDArray[Any], NDArray[Any]]
NAMES = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True)
class Form:
    """What the arrays of a data set look like.

    Args:
        image: The shape of one image.
        label: The shape of one label: () or (1,).
        train: How many training samples there are, None for any number.
        test: How many test samples there are, None for any number.
    """

    image: tuple[int, ...]
    label: tuple[int, ...] = ()
    train: int | None = None
    test: int | None = None

    def wrong(self, shapes: dict[str, tuple[tuple[int, ...], np.dtype[Any]]]) -> str:
        """Say what is wrong with arrays of these shapes and dtypes; an empty text if nothing is."""
        missing = [name for name in NAMES if name not in shapes]
        if missing:
            return f"no array {', '.join(missing)}"
        for split, count in (("train", self.train), ("test", self.test)):
            (x, x_dtype), (y, y_dtype) = shapes[f"x_{split}"], shapes[f"y_{split}"]
            if x[1:] != self.image or y[1:] != self.label or len(x) == 0 or len(y) == 0:
                return f"x_{split} of shape {x} and y_{split} of shape {y}"
            if x_dtype != np.uint8 or y_dtype != np.uint8:
                return f"x_{split} of dtype {x_dtype} and y_{split} of dtype {y_dtype}"
            if x[0] != y[0] or x[0] != (count or x[0]):
                return f"{x[0]} images and {y[0]} labels for {split}"
        return ""

    def __str__(self) -> str:
        label = "".join(f", {n}" for n in self.label)
        return (
            f"the uint8 arrays x_train, x_test of shape ({self.train or 'n'}, {', '.join(map(str, self.image))}) and "
            f"y_train, y_test of shape ({self.train or 'n'},{label})"
        )


def read(path: Path, form: Form) -> tuple[Pair, Pair]:
    """Read a data set.

    Args:
        path: An .npz file with the arrays x_train, y_train, x_test and y_test.
        form: What they must look like. The file's own headers are compared before any array is read.

    Returns:
        `(x_train, y_train), (x_test, y_test)`.

    Raises:
        ValueError: The file is no .npz or holds something else.
    """
    try:
        shapes = _declared(path)
        wrong = form.wrong(shapes)
        if not wrong:
            with np.load(path, allow_pickle=False) as arrays:
                x_train, y_train, x_test, y_test = (arrays[name] for name in NAMES)
            return (x_train, y_train), (x_test, y_test)
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        wrong = f"a file that cannot be read as .npz ({error})"
    raise errors.value_error(f"The data file {str(path)!r}", expected=str(form), received=errors.Said(wrong))


def _declared(path: Path) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """The shapes and dtypes that the headers of an .npz declare; nothing else is read."""
    declared = {}
    with zipfile.ZipFile(path) as archive:
        for name in NAMES:
            if f"{name}.npy" in archive.namelist():
                with archive.open(f"{name}.npy") as member:
                    version = np.lib.format.read_magic(member)
                    old = version == (1, 0)
                    header = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
                    shape, _, dtype = header(member)
                    declared[name] = (shape, dtype)
    return declared


def write(path: Path, train: Pair, test: Pair) -> None:
    """Write a data set and, beside it, its checksum."""
    with files.replacing(path) as beside:
        with open(beside, "wb") as file:
            np.savez(file, x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1])
        with files.replacing(_sidecar(path)) as note:
            note.write_text(f"{files.digest(beside)}  {path.name}\n")


def verify(path: Path) -> str:
    """Say what is wrong with a file that `write` wrote; an empty text if its checksum is right."""
    try:
        expected = _sidecar(path).read_text().split()[0]
    except (OSError, IndexError, UnicodeDecodeError):
        return f"it has no checksum file {_sidecar(path).name} beside it"
    actual = files.digest(path)
    return "" if actual == expected else f"its SHA-256 is {actual}, its checksum file says {expected}"


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")
