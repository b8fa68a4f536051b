"""CIFAR-10: 60,000 small colour photographs in ten classes (Krizhevsky 2009)."""

from __future__ import annotations

import os

from kerastorch.datasets.npz import Form, Pair
from kerastorch.datasets.source import Source, in_image_data_format

_SOURCE = Source(
    "cifar10",
    Form((32, 32, 3), (1,), 50000, 10000),
    "CIFAR10",
    left_by_keras=(("cifar-10-batches-py-target_archive", "cifar-10-python.tar.gz"),),
)


def load_data(*, path: str | os.PathLike[str] | None = None) -> tuple[Pair, Pair]:
    """Load CIFAR-10: 50,000 training and 10,000 test photographs.

    The classes are 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship, 9 truck.

    Args:
        path: The absolute path of an .npz to read in place of the cache and the network: the uint8 arrays x_train
            (n, 32, 32, 3), y_train (n, 1), x_test and y_test.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 of shape (50000, 32, 32, 3) and (10000, 32, 32, 3), or
        (..., 3, 32, 32) where `keras.config.image_data_format()` is "channels_first"; labels uint8 of shape (50000, 1)
        and (10000, 1).

    Raises:
        ValueError: `path` is no such file, or holds something else.
        OSError: The data are not cached and cannot be downloaded. Other data are never returned instead.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    return in_image_data_format(*_SOURCE.load(path))
