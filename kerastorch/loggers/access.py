"""How a model gets at its run's logger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kerastorch.loggers.logger import Logger
from kerastorch.loggers.null_logger import NullLogger


def give_logger(model: Any, observers: Iterable[Any], settings: Mapping[str, Any] | None = None) -> None:
    """Let `model.logger` be the first logger among a run's observers, `model.loggers` all of them.

    Without one `model.logger` is a `NullLogger`. Attributes of these names that the user's own model has stay.

    Args:
        model: The model that will be run.
        observers: The run's callbacks and loggers, those of this rank.
        settings: What the run was told, for the loggers to keep.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(1, 1)
        >>> give_logger(model, [])
        >>> type(model.logger).__name__, model.loggers
        ('NullLogger', [])
    """
    found = [observer for observer in observers if isinstance(observer, Logger)]
    for logger in found:
        logger.params = {**logger.params, "settings": dict(settings or {})}
    if isinstance(getattr(model, "logger", None), (Logger, type(None))):
        model.__dict__["logger"] = found[0] if found else NullLogger()
        model.__dict__["loggers"] = found
