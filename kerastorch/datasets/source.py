"""Where data sets come from: the cache if what lies there is right, else torchvision's own download.

Nothing is trusted for lying in the right place. A file that this module wrote must have its checksum; a file that
Keras left must be the published data. Downloads happen in an empty folder inside the cache, where torchvision compares
each file with its published MD5 sum before anything is unpacked; the folder is removed afterwards.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastorch import config
from kerastorch.base import errors, files
from kerastorch.datasets import npz
from kerastorch.datasets.npz import Form, Pair

TIMEOUT = 30.0  # seconds without an answer, for downloads that set none themselves


@dataclass(frozen=True)
class Source:
    """One downloadable data set.

    Args:
        name: Its name in the cache and in messages.
        form: What its arrays look like.
        dataset: The name of the class of `torchvision.datasets` that downloads and reads it.
        left_by_keras: Where Keras caches the same downloads, as (path in the cache, path in torchvision's folder).
            torchvision checks them like its own downloads.
        published: Whether arrays are the published ones, or None where no checksum of them is known.
    """

    name: str
    form: Form
    dataset: str
    left_by_keras: tuple[tuple[str, str], ...] = ()
    published: Callable[[Pair, Pair], bool] | None = None

    def load(self, path: str | os.PathLike[str] | None) -> tuple[Pair, Pair]:
        """The data set: from `path` if it is absolute, else from the cache, else from the network.

        Args:
            path: An absolute .npz, or the name of one in the cache, or None.

        Returns:
            `(x_train, y_train), (x_test, y_test)`.

        Raises:
            ValueError: `path` is no such file, or holds something else.
            OSError: Nothing usable is cached and the download failed; the message says what was tried.
        """
        if path is not None and os.path.isabs(path):
            if not os.path.isfile(path):
                raise errors.value_error(f"`path` of {self.name}.load_data", expected="an existing .npz", received=path)
            return npz.read(Path(path), Form(self.form.image, self.form.label))
        if path is not None and os.path.basename(path) != os.fspath(path):
            raise errors.value_error(
                f"`path` of {self.name}.load_data",
                expected="an absolute path, or a plain file name in the cache",
                received=os.fspath(path),
                remedy=f"The file beside your script would be {os.path.abspath(path)!r}.",
            )
        refused: list[str] = []
        found = self._cached(_cache(), os.fspath(path) if path else f"{self.name}.npz", refused)
        return found or self._download(_cache(), refused)

    def _cached(self, cache: Path, name: str, refused: list[str]) -> tuple[Pair, Pair] | None:
        """The cached data set or None; why a file there was not taken is added to `refused`."""
        ours, keras = cache / "kerastorch" / f"{self.name}.npz", cache / name
        for file in (ours, keras):
            if not file.is_file() or (file is keras and self.published is None):
                continue
            wrong = npz.verify(file) if file is ours else ""
            try:
                data = None if wrong else npz.read(file, self.form)
            except ValueError as error:
                data, wrong = None, str(error)
            if data is not None and (self.published is None or self.published(*data)):
                return data
            refused.append(f"{file} was not taken: {wrong or 'its images are not the published ones'}")
        return None

    def _download(self, cache: Path, refused: list[str]) -> tuple[Pair, Pair]:
        ours = cache / "kerastorch" / f"{self.name}.npz"
        try:
            ours.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{self.name}-", dir=ours.parent) as root, _patience():
                self._reuse(cache, Path(root))
                dataset = _torchvision(self.dataset)
                train, test = (self._arrays(dataset(root, train=split, download=True)) for split in (True, False))
        except (OSError, RuntimeError, EOFError) as error:
            raise OSError(self._failure(error, ours, refused)) from error
        npz.write(ours, train, test)
        return train, test

    def _reuse(self, cache: Path, root: Path) -> None:
        for left, wanted in self.left_by_keras:
            if (cache / left).is_file():
                (root / wanted).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(cache / left, root / wanted)

    def _arrays(self, dataset: Any) -> Pair:
        count = len(dataset.targets)
        images = np.asarray(dataset.data, dtype=np.uint8).reshape(count, *self.form.image)
        return images, np.asarray(dataset.targets, dtype=np.uint8).reshape(count, *self.form.label)

    def _failure(self, error: Exception, ours: Path, refused: list[str]) -> str:
        dataset = _torchvision(self.dataset)
        tried = getattr(dataset, "mirrors", None) or [dataset.url]
        reasons = [f"{', '.join(tried)}: {_in_one_line(error)}", *refused]
        return errors.message(
            f"The data set {self.name}",
            expected=f"it in the cache ({ours}) or a download",
            received=errors.Said("neither. Tried " + "; ".join(reasons)),
            remedy="Connect to the network (or set the proxy variables), or pass `path=` the absolute path of an .npz "
            "with x_train, y_train, x_test and y_test. `kerastorch.datasets.digits.load_data()` needs no network.",
        )


def _torchvision(name: str) -> Any:
    """A class of torchvision, which takes longer to import than torch itself and is needed for downloads only."""
    from torchvision import datasets

    return getattr(datasets, name)


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _cache() -> Path:
    return files.keras_home() / "datasets"


@contextmanager
def _patience() -> Iterator[None]:
    """Give silent servers up after `TIMEOUT`, and let NumPy read the old pickles of CIFAR without a warning."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(before or TIMEOUT)
    try:
        with warnings.catch_warnings():
            # The published CIFAR files say align=0 where NumPy 2.4 wants align=False.
            warnings.filterwarnings("ignore", message=r"dtype\(\): align should be passed", module=r"torchvision\..*")
            yield
    finally:
        socket.setdefaulttimeout(before)


def in_image_data_format(train: Pair, test: Pair) -> tuple[Pair, Pair]:
    """Colour images (n, h, w, 3) in the layout that `keras.config.image_data_format()` asks for; a view of them."""
    if config.image_data_format() == "channels_last":
        return train, test
    return (train[0].transpose(0, 3, 1, 2), train[1]), (test[0].transpose(0, 3, 1, 2), test[1])
