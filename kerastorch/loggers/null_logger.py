"""A logger that keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastorch.loggers.logger import Logger


class _Anything:
    """Takes every call, and answers with itself."""

    def __getattr__(self, name: str) -> _Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> _Anything:
        return self


class NullLogger(Logger):
    """What `model.logger` is where nobody logs: in a run without a logger, and on all ranks but the first.

    Whatever it is given is dropped, so that a `train_step` may write `self.logger.add_image(...)` without asking.

    Example:
        >>> logger = NullLogger()
        >>> logger.log_metrics({"loss": 0.5})
        >>> logger.experiment.add_audio("speech", [0.0]) is logger.experiment
        True
    """

    _nothing = _Anything()

    @property
    def experiment(self) -> Any:
        return self._nothing

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        pass

    def add_image(self, tag: str, image: Any, step: int | None = None) -> None:
        pass

    def add_histogram(self, tag: str, values: Any, step: int | None = None) -> None:
        pass

    def add_text(self, tag: str, text: str, step: int | None = None) -> None:
        pass
