"""Strategies as objects: `Trainer(strategy=DDPStrategy(find_unused_parameters=True))`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kerastorch.runtime.strategies import StrategyOptions

_WAIT = timedelta(minutes=30)


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
