"""MNIST: 70,000 handwritten digits (LeCun, Cortes, Burges 1998; CC BY-SA 3.0)."""

from __future__ import annotations

import hashlib
import os

from kerastorch.datasets.npz import Form, Pair
from kerastorch.datasets.source import Source

# SHA-256 of the values of the four arrays, in the order of `npz.NAMES`, whatever file they come in.
_PUBLISHED = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"


def _published(train: Pair, test: Pair) -> bool:
    hasher = hashlib.sha256()
    for array in (*train, *test):
        hasher.update(array.tobytes())
    return hasher.hexdigest() == _PUBLISHED


_SOURCE = Source("mnist", Form((28, 28), (), 60000, 10000), "MNIST", published=_published)


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> tuple[Pair, Pair]:
    """Load MNIST: 60,000 training and 10,000 test images of handwritten digits.

    Args:
        path: The name of the file in the cache (`$KERAS_HOME/datasets`, by default `~/.keras/datasets`): the file that
            Keras leaves there is taken if it holds the published images. Or the absolute path of any .npz with the
            uint8 arrays x_train (n, 28, 28), y_train (n,), x_test and y_test, which is read as it is.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 of shape (60000, 28, 28) and (10000, 28, 28), from 0
        (paper) to 255 (ink); labels uint8 of shape (60000,) and (10000,), the digits 0 to 9.

    Raises:
        ValueError: `path` is no such file, or holds something else.
        OSError: The data are not cached and cannot be downloaded. Other data are never returned instead.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    return _SOURCE.load(path)
