"""The base of callbacks that add figures of their own to the logs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from kerastorch.callbacks.callback import Callback, Logs
from kerastorch.engine.logs import LazyLogs, fetch


class RunMonitor(Callback):
    """Adds figures to the logs of batches and epochs, for all who read them: `History`, the progress bar, loggers.

    A base class. It is called before the other callbacks, wherever it stands in their list. In batches it is asked only
    when somebody reads the logs; what it gives may stay on the device until then.

    Attributes:
        adds_to_logs: The names of its figures.

    Example:
        >>> class Answer(RunMonitor):
        ...     adds_to_logs = ("answer",)
        ...     def figures(self):
        ...         return {"answer": 42}
        >>> logs = {"loss": 0.5}
        >>> Answer().on_epoch_end(0, logs)
        >>> logs
        {'loss': 0.5, 'answer': 42.0}
    """

    rank_zero_only = True
    adds_to_logs: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self._logs: Any = None

    @abstractmethod
    def figures(self) -> Mapping[str, Any]:
        """The figures of the epoch: numbers, or scalar tensors that are not waited for."""

    def current(self) -> Mapping[str, Any]:
        """The figures after a batch; default those of the epoch so far."""
        return self.figures()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if logs is not self._logs:  # the logs of a run are one object
            self._logs = logs
            if isinstance(logs, LazyLogs):
                logs.sources.append(self.current)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if isinstance(logs, dict):
            logs.update(fetch(self.figures()))

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._logs = None
