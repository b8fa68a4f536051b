"""Strategies as objects: `Trainer(strategy=DDPStrategy(find_unused_parameters=True))`."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import torch

from kerastorch.base import errors
from kerastorch.runtime.strategies import StrategyOptions

_WAIT = timedelta(minutes=30)


class Here:
    """What `trainer.strategy` is: where the run is, and how its ranks speak with each other.

    Args:
        strategy: The engine's strategy, whose attributes are this one's too.
    """

    def __init__(self, strategy: Any) -> None:
        self.running = strategy

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["running"], name)

    @property
    def root_device(self) -> torch.device:
        """The device of this rank."""
        return self.running.device  # type: ignore[no-any-return]

    @property
    def global_rank(self) -> int:
        """Which process this is, of all."""
        return self.running.rank  # type: ignore[no-any-return]

    @property
    def local_rank(self) -> int:
        """Which process this is, of those on this machine."""
        return int(os.environ.get("LOCAL_RANK", self.running.rank))

    @property
    def is_global_zero(self) -> bool:
        """Whether this is the first process."""
        return self.global_rank == 0

    @property
    def num_processes(self) -> int:
        """Processes of the run."""
        return self.running.ranks  # type: ignore[no-any-return]

    def barrier(self, name: str | None = None) -> None:
        """Wait until all ranks are here.

        Args:
            name: Accepted.
        """
        self.running.any(None)

    def broadcast(self, obj: Any, src: int = 0) -> Any:
        """Rank 0's value.

        Args:
            obj: The value.
            src: 0.

        Raises:
            ValueError: `src` is another rank.
        """
        if src != 0:
            raise errors.value_error("`src` of broadcast", expected="0", received=src)
        return self.running.agree(obj)

    def reduce(self, tensor: Any, group: Any = None, reduce_op: str = "mean") -> Any:
        """The mean or the sum of a tensor over all ranks.

        Args:
            tensor: The tensor; what is none comes back as it is.
            group: Accepted; all ranks.
            reduce_op: "mean", "avg" or "sum".
        """
        if not isinstance(tensor, torch.Tensor):
            return tensor
        if reduce_op not in ("mean", "avg", "sum"):
            raise errors.unknown_name("`reduce_op`", reduce_op, ["mean", "avg", "sum"])
        self.running.sum_([total := tensor.detach().clone()])
        return total if reduce_op == "sum" else total / self.running.world_size


class DDPStrategy(StrategyOptions):
    """A replica of the module on each device.

    Args:
        find_unused_parameters: Whether a step may leave parameters without gradients.
        static_graph: Whether every step computes the same.
        gradient_as_bucket_view: Whether gradients lie in the buckets that are exchanged.
        bucket_cap_mb: The size of a bucket, in MiB.
        broadcast_buffers: Whether buffers are those of the first rank at each step.
        timeout: How long a rank waits for the others.

    Example:
        >>> DDPStrategy(find_unused_parameters=True).options["find_unused_parameters"]
        True
    """

    def __init__(
        self,
        *,
        find_unused_parameters: bool = False,
        static_graph: bool = False,
        gradient_as_bucket_view: bool = False,
        bucket_cap_mb: float | None = None,
        broadcast_buffers: bool = True,
        timeout: timedelta = _WAIT,
    ) -> None:
        given = {"find_unused_parameters": find_unused_parameters, "static_graph": static_graph}
        given |= {"gradient_as_bucket_view": gradient_as_bucket_view, "broadcast_buffers": broadcast_buffers}
        size = {} if bucket_cap_mb is None else {"bucket_cap_mb": bucket_cap_mb}
        super().__init__("ddp", {**given, **size, "timeout": timeout.total_seconds()})


class FSDPStrategy(StrategyOptions):
    """A part of the weights on each device.

    Args:
        auto_wrap_policy: What is gathered together: a set of module classes, or a function `module -> bool`; default
            every layer that is large enough.
        cpu_offload: Whether the parts wait in the host's memory.
        timeout: How long a rank waits for the others.

    Example:
        >>> FSDPStrategy(cpu_offload=True).options["offload"]
        True
    """

    def __init__(self, *, auto_wrap_policy: Any = None, cpu_offload: bool = False, timeout: timedelta = _WAIT) -> None:
        units = tuple(auto_wrap_policy) if isinstance(auto_wrap_policy, (set, list, tuple)) else auto_wrap_policy
        super().__init__("fsdp", {"units": units or "size", "offload": cpu_offload, "timeout": timeout.total_seconds()})
