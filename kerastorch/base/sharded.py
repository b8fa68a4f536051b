"""Tensors of which each process holds a part (torch's `DTensor`), where whole ones are wanted: files, configs, NumPy.

Torch's module for them takes half a second to import. Nobody pays for it until shards exist, so it is imported where
a shard is made, and known here by what a shard can do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch.distributed as dist
from torch import Tensor


def is_sharded(tensor: Any) -> bool:
    """Whether a tensor is spread over several processes.

    Example:
        >>> import torch
        >>> is_sharded(torch.ones(2))
        False
    """
    return getattr(tensor, "full_tensor", None) is not None


def whole(tensor: Tensor) -> Tensor:
    """The whole of a tensor, without a history. Where it is sharded, all processes must call this.

    Example:
        >>> import torch
        >>> whole(torch.ones(2, requires_grad=True)).requires_grad
        False
    """
    value = tensor.detach()
    return value.full_tensor() if is_sharded(value) else value  # type: ignore[attr-defined, no-any-return]


def spread(value: Tensor, like: Tensor) -> Tensor:
    """`value`, which every process holds whole, laid out over the processes as `like` is. Nothing is sent.

    Args:
        value: The values.
        like: A tensor of the same shape.

    Example:
        >>> import torch
        >>> value = torch.ones(2)
        >>> spread(value, torch.zeros(2)) is value
        True
    """
    if not is_sharded(like) or is_sharded(value):
        return value
    from torch.distributed.tensor import distribute_tensor

    made = value.detach().to(device=like.device, dtype=like.dtype)
    return distribute_tensor(made, like.device_mesh, like.placements, src_data_rank=None)  # type: ignore[attr-defined]


def writes(tensors: Iterable[Any]) -> bool:
    """Whether this process writes the file that these tensors go into: of those that share them, the first.

    Example:
        >>> import torch
        >>> writes([torch.ones(2)])
        True
    """
    return not any(map(is_sharded, tensors)) or dist.get_rank() == 0


def name_of(tensor: Any) -> str | None:
    """The name of a variable, or of the shard that stands for it (where torch takes `name` for itself)."""
    name = getattr(tensor, "variable_name", None)
    return getattr(tensor, "name", None) if name is None else name
