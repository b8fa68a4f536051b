"""What the engine runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from kerastorch.data.batch import Batch


class Program(Protocol):
    """Anything that can be trained: a compiled model, or a module with steps of its own.

    *Automatic* optimization: `training_step` returns the loss, and the engine does the rest. *Manual* optimization:
    `manual_step` does it all and returns what to show.
    """

    module: nn.Module
    optimizer: torch.optim.Optimizer | None
    manual: bool

    def training_step(self, batch: Batch) -> Tensor:
        """Forward pass and metrics; returns the mean loss over the batch."""
        ...

    def manual_step(self, batch: Batch) -> Mapping[str, Any]:
        """A whole step, update included; returns logs."""
        ...

    def validation_step(self, batch: Batch) -> Mapping[str, Any] | None:
        """Loss and metrics without gradients; logs, or None when `results` tells them."""
        ...

    def predict_step(self, batch: Batch) -> Any:
        """The outputs for a batch."""
        ...

    def trainable_parameters(self) -> Sequence[Tensor]:
        """The parameters that an update changes."""
        ...

    def stateful(self) -> Mapping[str, Any]:
        """What a run changes beside the module, by name: optimizers and the like, with `state_dict`."""
        ...

    def reset(self) -> None:
        """Forget accumulated losses and metrics."""
        ...

    def accumulators(self) -> Sequence[Any]:
        """The objects that accumulate losses and metrics: what a batch that failed may have changed."""
        ...

    def synchronize(self) -> None:
        """Let the accumulated losses and metrics be those of all ranks, at the end of an epoch."""
        ...

    def counted(self) -> Mapping[str, Any]:
        """The accumulated figures alone, by name, without what a step of the program's own told."""
        ...

    def results(self) -> Mapping[str, Any]:
        """The accumulated losses and metrics: tensors on the device, not waited for."""
        ...
