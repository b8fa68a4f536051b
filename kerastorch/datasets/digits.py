"""Digits: 1,797 handwritten digits of 8x8 pixels, shipped with this package.

They are the test part of the "Optical Recognition of Handwritten Digits" data set of the UCI Machine Learning
Repository (E. Alpaydin, C. Kaynak, 1998, doi:10.24432/C50P49), licensed CC BY 4.0, taken unchanged from the copy in
scikit-learn (`sklearn.datasets.load_digits`) and stored as uint8.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kerastorch.base import errors
from kerastorch.datasets.npz import Pair

_FILE = Path(__file__).with_name("digits.npz")


def load_data(test_split: float = 0.2, seed: int = 113) -> tuple[Pair, Pair]:
    """Load the bundled digits, shuffled and split. Needs no network.

    Args:
        test_split: The share of samples in the test part, between 0 and 1.
        seed: Says which samples are in which part, and their order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 of shape (n, 8, 8) with values from 0 (paper) to 16 (ink),
        labels uint8 of shape (n,), the digits 0 to 9. With the defaults there are 1,437 and 360 samples.

    Raises:
        ValueError: `test_split` leaves one part empty.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()
        >>> x_train.shape, y_train.shape, x_test.shape, int(x_train.max())
        ((1437, 8, 8), (1437,), (360, 8, 8), 16)
    """
    with np.load(_FILE, allow_pickle=False) as arrays:
        images, labels = arrays["x"], arrays["y"]
    share = isinstance(test_split, (int, float)) and 0 < test_split < 1
    train = int(len(images) * (1 - test_split)) if share else 0
    if not 0 < train < len(images):
        raise errors.value_error("`test_split` of digits.load_data", expected="a share in (0, 1)", received=test_split)
    order = np.random.RandomState(seed).permutation(len(images))
    images, labels = images[order], labels[order]
    return (images[:train], labels[:train]), (images[train:], labels[train:])
