"""An optimizer, made such that its update can be recorded."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from kerastorch.engine.recording import Number
from kerastorch.optimizers.core import Bucket, TorchOptimizer


@contextmanager
def recordable(optimizer: torch.optim.Optimizer, changing: set[str]) -> Iterator[Callable[[], None]]:
    """The optimizer with numbers in the place of what changes, its rule in operators that can be compiled.

    Args:
        optimizer: The optimizer.
        changing: The entries of its groups that change from step to step.

    Yields:
        What is to be done after an update: the counters that only torch's fused kernels write.
    """
    own = optimizer if isinstance(optimizer, TorchOptimizer) else None
    kept = [dict(group) for group in optimizer.param_groups]
    buckets: list[Bucket] = [] if own is None else own._buckets or own._make_buckets()
    fused, schedule = [bucket.fused for bucket in buckets], getattr(optimizer, "_schedule", None)
    compiling = torch.compiler._is_compiling_flag

    def count() -> None:
        for bucket in buckets:
            bucket.step.fill_(bucket.group["iterations"])

    try:
        for group in optimizer.param_groups:
            _use_numbers(group, changing)
        for bucket in buckets:
            bucket.fused = False
        if own is None:
            torch.compiler._is_compiling_flag = True  # then torch's optimizers do not ask for the values of tensors
        else:
            own._schedule = None  # its rate was written
        yield count if own is not None and own.uses_step else lambda: None
    finally:
        torch.compiler._is_compiling_flag = compiling
        if own is not None:
            own._schedule = schedule
        for bucket, was in zip(buckets, fused, strict=True):
            bucket.fused = was
        for group, entries in zip(optimizer.param_groups, kept, strict=True):
            group.update(entries)


def _use_numbers(group: dict[str, Any], changing: set[str]) -> None:
    for key in changing:
        value = group.get(key)
        if isinstance(value, (int, float)):
            # Not the true value: a rule that takes it for a constant is found out when the steps are compared.
            group[key] = Number(value * 0.5 + 3, functools.partial(group.__getitem__, key))
    group.update({key: False for key in ("fused", "foreach") if key in group})
    if "capturable" in group:
        group["capturable"] = True
