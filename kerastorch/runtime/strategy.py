"""Where the replicas or shards of a module live. One device is a strategy too: its collectives are identities."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

_TOGETHER: AbstractContextManager[Any] = nullcontext()


class SingleDevice:
    """One process, one device.

    Args:
        device: Where the module and the data live.

    Example:
        >>> SingleDevice(torch.device("cpu")).world_size
        1
    """

    rank = 0
    world_size = 1

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def place(self, module: nn.Module) -> None:
        """Move a module's parameters and buffers to where they train."""
        if any(t.device != self.device for t in (*module.parameters(), *module.buffers())):
            module.to(self.device)

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module to call in a training step; once, before training."""
        return module

    def sync_gradients(self, last: bool) -> AbstractContextManager[Any]:
        """Around the backward pass of a micro-batch: gradients are exchanged after the last of a window."""
        return _TOGETHER

    def sum(self, value: Tensor) -> Tensor:
        """The sum of `value` over all ranks."""
        return value

    def barrier(self) -> None:
        """Wait for all ranks."""
