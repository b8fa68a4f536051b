"""A small run that all loggers watch."""

from __future__ import annotations

from typing import Any

import numpy as np

import kerastorch as keras


def small_model() -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)], name="small")
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse", metrics=["mae"])
    return model


def data(rows: int = 32) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 4)).astype("float32"), rng.normal(size=(rows, 1)).astype("float32")


def fit(model: Any, *callbacks: Any, **options: Any) -> Any:
    """Four updates an epoch, two epochs, with validation."""
    x, y = data()
    given = {"epochs": 2, "batch_size": 8, "verbose": 0, "validation_data": (x[:8], y[:8]), **options}
    return model.fit(x, y, callbacks=list(callbacks), **given)


def fill(logger: Any) -> None:
    """An image, a histogram and a text."""
    logger.add_image("picture", np.eye(4), step=3)
    logger.add_histogram("spread", np.arange(10.0), step=3)
    logger.add_text("note", "hello", step=3)
