"""MNIST is known by its contents: what lies under its name in Keras's cache is taken only if it is MNIST."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torchvision

from kerastorch.datasets import mnist


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No mirror answers."""
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"])


def _put(cache: Path, name: str = "mnist.npz") -> tuple[np.ndarray, ...]:
    rng = np.random.RandomState(0)
    arrays = tuple(
        rng.randint(0, 9, shape).astype(np.uint8) for shape in ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,))
    )
    (cache / "datasets").mkdir()
    np.savez(cache / "datasets" / name, x_test=arrays[2], x_train=arrays[0], y_train=arrays[1], y_test=arrays[3])
    return arrays


@pytest.mark.usefixtures("offline")
def test_other_images_in_the_place_of_mnist_are_never_returned(cache: Path) -> None:
    _put(cache)
    with pytest.raises(OSError, match=r"datasets/mnist\.npz was not taken: its images are not the published ones"):
        mnist.load_data()


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["mnist.npz", "my.npz"])
def test_the_published_images_are_taken_from_keras_cache(
    cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    arrays = _put(cache, name)
    monkeypatch.setattr(mnist, "_PUBLISHED", hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest())
    (x_train, y_train), (x_test, y_test) = mnist.load_data(name)
    for came, put in zip((x_train, y_train, x_test, y_test), arrays, strict=True):
        np.testing.assert_array_equal(came, put)


@pytest.mark.usefixtures("offline")
def test_a_broken_file_in_the_place_of_mnist_is_refused(cache: Path) -> None:
    (cache / "datasets").mkdir()
    (cache / "datasets" / "mnist.npz").write_bytes(b"half a download")
    with pytest.raises(OSError, match=r"mnist\.npz was not taken.*cannot be read as \.npz"):
        mnist.load_data()
