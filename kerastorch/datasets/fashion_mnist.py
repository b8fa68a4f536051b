"""Fashion-MNIST: 70,000 pictures of clothes (Xiao, Rasul, Vollgraf 2017; Zalando SE, MIT licence)."""

from __future__ import annotations

import os

from kerastorch.datasets.npz import Form, Pair
from kerastorch.datasets.source import Source

_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_SOURCE = Source(
    "fashion_mnist",
    Form((28, 28), (), 60000, 10000),
    "FashionMNIST",
    left_by_keras=tuple((f"fashion-mnist/{name}", f"FashionMNIST/raw/{name}") for name in _FILES),
)


def load_data(*, path: str | os.PathLike[str] | None = None) -> tuple[Pair, Pair]:
    """Load Fashion-MNIST: 60,000 training and 10,000 test images of ten kinds of clothes.

    The classes are 0 T-shirt/top, 1 trouser, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag,
    9 ankle boot.

    Args:
        path: The absolute path of an .npz to read in place of the cache and the network: the uint8 arrays x_train
            (n, 28, 28), y_train (n,), x_test and y_test.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 of shape (60000, 28, 28) and (10000, 28, 28); labels uint8
        of shape (60000,) and (10000,).

    Raises:
        ValueError: `path` is no such file, or holds something else.
        OSError: The data are not cached and cannot be downloaded. Other data are never returned instead.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    return _SOURCE.load(path)
