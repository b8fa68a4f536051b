"""How fast a run goes, in the logs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from kerastorch.base import registry
from kerastorch.callbacks.callback import Logs
from kerastorch.callbacks.run_monitor import RunMonitor


@registry.register("callbacks")
class ThroughputMonitor(RunMonitor):
    """Adds the pace of training to the logs, validation left out.

    `samples_per_second` counts the samples of all devices, once an epoch. `step_ms` is the mean time of a batch in
    milliseconds, and the sum of two: `data_ms`, in which the next batch was waited for (and other callbacks ran), and
    `compute_ms`. The device is not waited for: a clock is read twice a batch, and the time of an epoch ends when its
    results have come from the device. With `steps_per_execution` above 1, waiting within a group counts as computing.

    A custom `train_step` that does not use the compiled loss counts no samples, and `samples_per_second` is left out.

    Example:
        >>> import kerastorch as keras, numpy as np
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> history = model.fit(np.zeros((8, 4)), np.zeros((8, 1)), verbose=0, callbacks=[ThroughputMonitor()])
        >>> sorted(history.history)
        ['compute_ms', 'data_ms', 'loss', 'samples_per_second', 'step_ms']
    """

    adds_to_logs = ("compute_ms", "data_ms", "samples_per_second", "step_ms")

    def __init__(self) -> None:
        super().__init__()
        self.batches = 0
        self.samples = 0.0
        self.seconds = 0.0
        self.waited = 0.0
        self._open = False
        self._start = self._mark = 0.0

    def state_dict(self) -> dict[str, Any]:
        return {}  # times of another process

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.batches, self.samples, self.seconds, self.waited = 0, 0.0, 0.0, 0.0
        self._open = True
        self._start = self._mark = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.waited += time.perf_counter() - self._mark

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        super().on_train_batch_end(batch, logs)
        self.batches = batch + 1
        self._mark = time.perf_counter()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._close()  # before the figures of the validation take the place of those of training

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._close()
        super().on_epoch_end(epoch, logs)

    def _close(self) -> None:
        if self._open:
            self._open = False
            self.seconds = time.perf_counter() - self._start
            self.samples = _samples(self.model)

    def current(self) -> Mapping[str, Any]:
        return self._times(time.perf_counter() - self._start)

    def figures(self) -> Mapping[str, Any]:
        pace = {"samples_per_second": self.samples / max(self.seconds, 1e-9)} if self.samples else {}
        return {**self._times(self.seconds), **pace}

    def _times(self, seconds: float) -> dict[str, float]:
        each = 1000.0 / max(self.batches, 1)
        waited = min(self.waited, seconds)
        return {"step_ms": seconds * each, "data_ms": waited * each, "compute_ms": (seconds - waited) * each}


def _samples(model: Any) -> float:
    """The samples that the mean of the loss has counted in this epoch."""
    metrics = getattr(model, "metrics", None) or [None]
    return float(getattr(metrics[0], "count", 0.0))
