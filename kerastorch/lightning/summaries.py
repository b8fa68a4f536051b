"""The parts of a module and their parameters, to be asked for without a run."""

from __future__ import annotations

from typing import Any

from kerastorch.lightning.callbacks.model_summary import summary, text


class ModelSummary:
    """The table that a fit prints, and its figures.

    Args:
        model: The module.
        max_depth: How deep parts of parts are shown; -1 for all.

    Attributes:
        total_parameters: The numbers in all parameters.
        trainable_parameters: The numbers in those that train.
        model_size: Their size, in MB of 10^6 bytes.

    Example:
        >>> from torch import nn
        >>> ModelSummary(nn.Sequential(nn.Linear(2, 1)), max_depth=-1).total_parameters
        3
    """

    def __init__(self, model: Any, max_depth: int = 1) -> None:
        found = summary(model, max_depth)
        self.total_parameters: int = found["total_parameters"]
        self.trainable_parameters: int = found["trainable_parameters"]
        self.model_size: float = found["model_size"]
        self._text = text(**found)

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__


def summarize(lightning_module: Any, max_depth: int = 1) -> ModelSummary:
    """The summary of a module; see `ModelSummary`."""
    return ModelSummary(lightning_module, max_depth)
