"""The learning rate in the logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastorch.base import registry
from kerastorch.callbacks.optimizer_lr import learning_rates
from kerastorch.callbacks.run_monitor import RunMonitor


@registry.register("callbacks")
class LearningRateMonitor(RunMonitor):
    """Adds `learning_rate` to the logs: that of the last update of the epoch, or of the batch.

    Where a model has several optimizers there is a `learning_rate_<name>` for each.

    Example:
        >>> import kerastorch as keras, numpy as np
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse")
        >>> x, y = np.zeros((8, 4)), np.zeros((8, 1))
        >>> model.fit(x, y, verbose=0, callbacks=[LearningRateMonitor()]).history["learning_rate"]
        [0.5]
    """

    adds_to_logs = ("learning_rate",)

    def figures(self) -> Mapping[str, Any]:
        return learning_rates(self.model)
