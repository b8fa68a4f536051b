"""Tensors of which each process holds a part (torch's `DTensor`), where whole ones are wanted: files, configs, NumPy.

Torch's module for them takes half a second to import. Nobody pays for it until shards exist, so it is imported where
a shard is made, and known here by what a shard can do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

T = TypeVar("T")


def is_sharded(tensor: Any) -> bool:
    """Whether a tensor is spread over several processes.

    Example:
        >>> is_sharded(torch.ones(2))
        False
    """
    return getattr(tensor, "full_tensor", None) is not None


def whole(tensor: Tensor) -> Tensor:
    """The whole of a tensor, without a history. Where it is sharded, all processes must call this.

    Example:
        >>> whole(torch.ones(2, requires_grad=True)).requires_grad
        False
    """
    value = tensor.detach()
    return value.full_tensor() if is_sharded(value) else value  # type: ignore[attr-defined]


def local(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor: its part of a sharded one, else all of it.

    Example:
        >>> value = torch.ones(2)
        >>> local(value) is value
        True
    """
    return tensor.to_local() if is_sharded(tensor) else tensor  # type: ignore[attr-defined]


def averaging(tensor: Any) -> Tensor:
    """The whole of a sharded tensor, with a history: its gradient is the mean of those that the processes compute."""
    from torch.distributed.tensor import Partial

    full: Tensor = tensor.full_tensor(grad_placements=[Partial()] * tensor.device_mesh.ndim)
    if full.requires_grad:
        full.register_hook(lambda gradient: gradient / tensor.device_mesh.size())  # type: ignore[no-untyped-call]
    return full


def spread(value: Tensor, like: Tensor) -> Tensor:
    """`value`, which every process holds whole, laid out over the processes as `like` is. Nothing is sent.

    Args:
        value: The values.
        like: A tensor of the same shape.

    Example:
        >>> value = torch.ones(2)
        >>> spread(value, torch.zeros(2)) is value
        True
    """
    if not is_sharded(like) or is_sharded(value):
        return value
    from torch.distributed.tensor import distribute_tensor

    made = value.detach().to(device=like.device, dtype=like.dtype)
    return distribute_tensor(made, like.device_mesh, like.placements, src_data_rank=None)  # type: ignore[attr-defined]


def part_like(value: Tensor, like: Tensor) -> Tensor:
    """The sharded tensor whose part in this process is `value`, laid out as `like` is; without shards, `value`.

    Example:
        >>> value = torch.ones(2)
        >>> part_like(value, torch.zeros(2)) is value
        True
    """
    if not is_sharded(like):
        return value
    from torch.distributed.tensor import DTensor

    mesh, placements = like.device_mesh, like.placements  # type: ignore[attr-defined]
    own = value.to(like.device)
    return DTensor.from_local(own, mesh, placements, run_check=False, shape=like.shape, stride=like.stride())


def copy_each(targets: list[Tensor], values: list[Tensor]) -> None:
    """Copy values into tensors, in one go where there are no shards (torch's `foreach` copy takes none).

    Example:
        >>> target = torch.zeros(2)
        >>> copy_each([target], [torch.ones(2)])
        >>> target.tolist()
        [1.0, 1.0]
    """
    if not any(map(is_sharded, targets)):
        torch._foreach_copy_(targets, values)
        return
    for target, value in zip(targets, values, strict=True):
        target.copy_(spread(value, target))


def has_shards(module: Any) -> bool:
    """Whether a module's parameters are spread over several processes.

    Example:
        >>> has_shards(nn.Linear(2, 1))
        False
    """
    return isinstance(module, nn.Module) and any(map(is_sharded, module.parameters()))


def writes(module: Any) -> bool:
    """Whether this process writes a module's files: of those that share its weights, the first.

    Example:
        >>> writes(nn.Linear(2, 1))
        True
    """
    return not has_shards(module) or dist.get_rank() == 0


def first_decides(module: Any, decide: Callable[[], T]) -> T:
    """What `decide` says in the process that writes a module's files. All that share its weights must call this.

    Example:
        >>> first_decides(nn.Linear(2, 1), lambda: 3)
        3
    """
    if not has_shards(module):
        return decide()
    held: list[Any] = [decide() if writes(module) else None]
    dist.broadcast_object_list(held, src=0)
    return held[0]  # type: ignore[no-any-return]


def name_of(tensor: Any) -> str | None:
    """The name of a variable, or of the shard that stands for it (where torch takes `name` for itself)."""
    name = getattr(tensor, "variable_name", None)
    return getattr(tensor, "name", None) if name is None else name
