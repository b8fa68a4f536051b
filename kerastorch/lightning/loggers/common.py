"""What the loggers of Lightning have beside those of `kerastorch.loggers`."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from kerastorch.lightning.utilities import rank_zero_only
from kerastorch.loggers import Logger, NullLogger


def rank_zero_experiment(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decorator for `experiment`: in all processes but the first it is one that takes every call and does nothing.

    Example:
        >>> class Writing:
        ...     @property
        ...     @rank_zero_experiment
        ...     def experiment(self):
        ...         return "a writer"
        >>> Writing().experiment
        'a writer'
    """

    @functools.wraps(function)
    def experiment(self: Any) -> Any:
        return function(self) if rank_zero_only.rank == 0 else NullLogger().experiment

    return experiment


class LightningLogger(Logger):
    """Stands before a logger of `kerastorch.loggers`: names may have a prefix, and only the first process logs.

    Attributes:
        prefix: What the names of all figures begin with.
    """

    LOGGER_JOIN_CHAR = "-"
    prefix = ""

    @property
    def root_dir(self) -> str:
        """The folder of the runs of this name."""
        return os.path.join(self.save_dir, self.name).rstrip(os.sep)

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The object that writes; in all processes but the first one that takes every call and does nothing."""
        return super().experiment

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        super().log_metrics(self.named(metrics), step)  # type: ignore[safe-super]

    def named(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Figures under their whole names, as numbers."""
        before = f"{self.prefix}{self.LOGGER_JOIN_CHAR}" if self.prefix else ""
        return {f"{before}{k}": v.item() if isinstance(v, Tensor) else v for k, v in metrics.items()}


class ServiceLogger(LightningLogger):
    """A logger whose runs are kept elsewhere: what a Trainer writes beside them goes to `save_dir`."""

    @property
    def log_dir(self) -> str:
        return self.save_dir
