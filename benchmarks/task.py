"""What every peer is asked to do: the same data, the same three networks, batches of 128, Adam, accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

BATCH = 128
MODELS = ("tiny", "mlp", "cnn")


class Task:
    """Data and network of one measurement.

    Args:
        model: "tiny" (784-32-10), "mlp" (784-512-512-10) or "cnn" (Keras's MNIST convnet, logits instead of softmax).
        data: An MNIST npz, or None for random digits of the same shape.
        train: Training samples.
        test: Test samples.
    """

    def __init__(self, model: str, data: Path | None, train: int, test: int) -> None:
        self.model = model
        x_train, y_train, x_test, y_test = _mnist(data) if data else _random_digits(train + test, train)
        self.x, self.y = self._shaped(x_train[:train]), y_train[:train].astype("int64")
        self.x_test, self.y_test = self._shaped(x_test[:test]), y_test[:test].astype("int64")

    def _shaped(self, x: np.ndarray) -> np.ndarray:
        images = (x / 255.0).astype("float32")
        return images[..., None] if self.model == "cnn" else images.reshape(len(x), -1)

    def channels_first(self, x: np.ndarray) -> np.ndarray:
        """The images as bare torch wants them; one channel, so nothing is copied."""
        return x.reshape(len(x), 1, 28, 28) if self.model == "cnn" else x


def _mnist(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    with np.load(path) as arrays:
        return arrays["x_train"], arrays["y_train"], arrays["x_test"], arrays["y_test"]


def _random_digits(total: int, train: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ten random patterns under noise: of MNIST's shape and as easy to learn."""
    random = np.random.default_rng(0)
    patterns = random.integers(0, 128, (10, 28, 28))
    y = random.integers(0, 10, total)
    x = (patterns[y] + random.integers(0, 128, (total, 28, 28))).astype("uint8")
    return x[:train], y[:train], x[train:], y[train:]


def torch_net(model: str) -> Any:
    """The network in bare torch."""
    from torch import nn

    if model == "tiny":
        return nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))
    if model == "mlp":
        hidden = (nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU())
        return nn.Sequential(*hidden, nn.Linear(512, 10))
    first = (nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2))
    second = (nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10))


def keras_net(keras: Any, model: str) -> Any:
    """The network in Keras's words; `keras` is kerastorch or Keras itself."""
    layers = keras.layers
    if model == "tiny":
        return keras.Sequential([keras.Input((784,)), layers.Dense(32, activation="relu"), layers.Dense(10)])
    if model == "mlp":
        hidden = [layers.Dense(512, activation="relu"), layers.Dense(512, activation="relu")]
        return keras.Sequential([keras.Input((784,)), *hidden, layers.Dense(10)])
    first = [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2)]
    second = [layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2)]
    end = [layers.Flatten(), layers.Dropout(0.5), layers.Dense(10)]
    return keras.Sequential([keras.Input((28, 28, 1)), *first, *second, *end])
