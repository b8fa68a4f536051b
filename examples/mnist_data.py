"""MNIST for the other examples: from a file, from Keras's cache or from the network.

    python examples/mnist_data.py                     what is there?
    python examples/mnist_data.py --data mnist.npz

Where none of these is there, the bundled digits are taken instead: fewer, and drawn on 8x8 pixels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import TensorDataset

import kerastorch as keras

SMALL = 512


def load(data: str = "auto", small: bool = False):
    """The digits as arrays.

    Args:
        data: "auto", or the path of an .npz with MNIST.
        small: Whether the first 512 training and test images are enough.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images uint8 of shape (n, 28, 28), labels uint8 of shape (n,).
    """
    most = SMALL if small else None
    return tuple((x[:most], y[:most]) for x, y in _parts(data))


def datasets(data: str = "auto", small: bool = False) -> list[TensorDataset]:
    """The digits as torch's datasets, one for training and one for the test.

    Args:
        data: "auto", or the path of an .npz with MNIST.
        small: Whether the first 512 training and test images are enough.

    Returns:
        Datasets of (image, label): float32 of shape (1, 28, 28) from 0 (paper) to 1 (ink), and int64.
    """
    return [
        TensorDataset(torch.from_numpy(x).unsqueeze(1).float() / 255, torch.from_numpy(y).long())
        for x, y in load(data, small)
    ]


def _parts(data: str):
    if data != "auto":
        return keras.datasets.mnist.load_data(path=str(Path(data).expanduser().absolute()))
    try:
        return keras.datasets.mnist.load_data()
    except OSError:
        print("MNIST is neither cached nor reachable: using the 1,797 bundled 8x8 digits, enlarged to 28x28, instead.")
        return tuple((enlarge(x), y) for x, y in keras.datasets.digits.load_data())


def enlarge(digits: np.ndarray) -> np.ndarray:
    """Digits of (n, 8, 8) with values 0 to 16 as MNIST has them: (n, 28, 28) with values 0 to 255."""
    large = digits.repeat(3, axis=1).repeat(3, axis=2)
    return np.pad(large * np.float32(255 / 16), ((0, 0), (2, 2), (2, 2))).astype("uint8")


def main() -> None:
    """Say what was found, and draw one digit with characters."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="auto", help="auto (MNIST, else the bundled digits) or an .npz with MNIST")
    parser.add_argument("--small", action="store_true", help="take 512 images of each part only")
    arguments = parser.parse_args()
    parts = load(arguments.data, arguments.small)
    for name, (x, y) in zip(("training", "test"), parts, strict=True):
        counts = ", ".join(f"{digit}: {count}" for digit, count in enumerate(np.bincount(y, minlength=10)))
        print(f"{len(x)} {name} images of shape {x.shape[1:]}, values {x.min()} to {x.max()}; {counts}")
    x, y = parts[0]
    print(f"The first one is a {y[0]}:")
    for row in x[0][::2]:
        print("".join(" .:*#"[value // 52] for value in row).rstrip())


if __name__ == "__main__":
    main()
