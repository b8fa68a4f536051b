"""The bundled digits against scikit-learn's copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastorch.datasets import digits


def test_they_are_scikit_learns_digits_each_once() -> None:
    from sklearn.datasets import load_digits

    theirs = load_digits()
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    assert x.shape == (1797, 8, 8) and x.dtype == y.dtype == np.uint8 and x.max() == 16
    ours = sorted((image.tobytes(), int(label)) for image, label in zip(x, y, strict=True))
    images = theirs.images.astype(np.uint8)
    assert ours == sorted((image.tobytes(), int(label)) for image, label in zip(images, theirs.target, strict=True))


def test_the_split_follows_share_and_seed() -> None:
    (x_train, _), (x_test, y_test) = digits.load_data(0.5, seed=1)
    assert (len(x_train), len(x_test)) == (898, 899)
    np.testing.assert_array_equal(y_test, digits.load_data(0.5, seed=1)[1][1])
    assert (y_test != digits.load_data(0.5, seed=2)[1][1]).any()


@pytest.mark.parametrize("split", [0, 1, 1.5, -0.1, 0.99999, "half", None])
def test_refusals(split: Any) -> None:
    with pytest.raises(ValueError, match="`test_split` of digits.load_data"):
        digits.load_data(split)
