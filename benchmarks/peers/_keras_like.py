"""What kerastorch and Keras are asked, in the same words."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.task import BATCH, Task, keras_net


class KerasLike:
    """A peer with Keras's API.

    Args:
        task: The task.
        keras: The package.
        **fit_options: Further arguments of `fit` and `evaluate`.
    """

    def __init__(self, task: Task, keras: Any, **fit_options: Any) -> None:
        self.task, self.keras, self.options = task, keras, fit_options
        self.build()

    def network(self) -> Any:
        """The network, not compiled."""
        return keras_net(self.keras, self.task.model)

    def build(self) -> None:
        """A new compiled model."""
        self.model = self.network()
        loss = self.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
        """Train."""
        self.model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0, **self.options)

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The accuracy, computed beside the loss."""
        return float(self.model.evaluate(x, y, batch_size=BATCH, verbose=0, **self.options)[1])

    def predict(self, x: np.ndarray) -> Any:
        """Logits as one NumPy array."""
        return self.model.predict(x, batch_size=BATCH, verbose=0)
