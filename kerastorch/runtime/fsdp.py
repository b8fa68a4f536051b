"""Fully sharded data parallelism: each rank holds a part of every weight (torch's `fully_shard`, FSDP2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from kerastorch.base import dtypes, errors
from kerastorch.runtime.sharding import Sharded
from kerastorch.runtime.world import World

MIN_SIZE = 100_000
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class FullyShard(Sharded):
    """Each rank holds a part of the weights, gradients and optimizer state, and trains on its rows of every batch.

    A unit's weights are gathered just before it computes and let go afterwards. Gradients are reduced into the parts
    after every batch, also within an accumulation window: a rank never holds a whole gradient for longer than a unit's
    backward pass takes.

    Args:
        device: This rank's device.
        world: The ranks.
        units: What is gathered together: "size" for each layer with at least `min_size` scalars, a tuple of classes,
            or a function `module -> bool`. The rest is one unit.
        min_size: See `units`.
        param_dtype: The dtype that weights are gathered and computed with; default their own.
        reduce_dtype: The dtype that gradients are reduced in; default that of the computation.
        offload: Whether the parts wait in the host's memory.
        timeout: Seconds that a rank waits for the others.

    Raises:
        ValueError: `units` or `min_size` is wrong.
    """

    name = "fsdp"

    def __init__(
        self,
        device: torch.device,
        world: World,
        *,
        units: str | tuple[type, ...] | Callable[[nn.Module], bool] = "size",
        min_size: int = MIN_SIZE,
        param_dtype: Any = None,
        reduce_dtype: Any = None,
        offload: bool = False,
        timeout: float = 1800.0,
    ) -> None:
        super().__init__(device, world, timeout=timeout)
        self.units, self.min_size = _checked_units(units), min_size
        self.param_dtype, self.reduce_dtype = _dtype(param_dtype), _dtype(reduce_dtype)
        self.offload = offload
        self._has_hook = False

    def cut(self, module: nn.Module) -> None:
        from torch.distributed.device_mesh import init_device_mesh

        for tensor in (*module.parameters(), *module.buffers()):
            dist.broadcast(tensor.detach(), src=0)
        mesh = init_device_mesh(self.device.type, (self.world_size,), mesh_dim_names=("shard",))
        for unit in (*find_units(module, self._is_unit()), module):
            self._shard(unit, mesh)

    def _shard(self, unit: nn.Module, mesh: Any) -> None:
        from torch.distributed.fsdp import CPUOffloadPolicy, MixedPrecisionPolicy, OffloadPolicy, fully_shard

        kind = type(unit)
        fully_shard(
            unit,
            mesh=mesh,
            reshard_after_forward=True,  # the root too: between two batches every weight is its part
            mp_policy=MixedPrecisionPolicy(self.param_dtype, self.reduce_dtype),
            offload_policy=CPUOffloadPolicy() if self.offload else OffloadPolicy(),
        )
        # Torch gives the module another class, which configs, summaries and files would show.
        unit.__class__ = kind

    def _is_unit(self) -> Callable[[nn.Module, int], bool]:
        if self.units == "size":
            return lambda module, size: size >= self.min_size
        if isinstance(self.units, tuple):
            classes = self.units
            return lambda module, size: isinstance(module, classes)
        chosen: Any = self.units
        return lambda module, size: chosen(module)

    def replicate(self, module: nn.Module) -> nn.Module:
        if not self._has_hook and any(True for _ in module.buffers()):
            module.register_forward_pre_hook(_share_buffers)
            self._has_hook = True
        return module

    def synchronize(self, accumulator: Any) -> None:
        super().synchronize(accumulator)
        if self.root is not None:
            _share_buffers(self.root, ())


def find_units(module: nn.Module, wanted: Callable[[nn.Module, int], bool]) -> list[nn.Module]:
    """The modules below `module` whose weights are gathered on their own, inner ones first.

    Only modules that are called as such can be units: the layers of a model, the children of containers and of classes
    that users wrote, but not the parts of a library's layer, which may compute with their weights directly. A weight
    that another module holds too stays with the rest.

    Args:
        module: The root.
        wanted: Says, given a module and how many scalars it holds that no unit within it has, whether it is one.

    Example:
        >>> net = nn.Sequential(nn.Linear(9, 9), nn.ReLU(), nn.Linear(9, 1))
        >>> find_units(net, lambda module, size: size > 50)
        [Linear(in_features=9, out_features=9, bias=True)]
    """
    holders: dict[int, set[int]] = {}
    for child in module.modules():
        for parameter in child._parameters.values():
            holders.setdefault(id(parameter), set()).add(id(child))
    found: list[nn.Module] = []
    taken: set[int] = set()
    for part in _called_parts(module):
        free = [p for p in part.parameters() if id(p) not in taken]
        inside = {id(m) for m in part.modules()}
        if free and all(holders[id(p)] <= inside for p in free) and wanted(part, sum(p.numel() for p in free)):
            found.append(part)
            taken |= {id(p) for p in free}
    return found


def _called_parts(module: nn.Module) -> Iterator[nn.Module]:
    """The modules below `module` that are called as such, children before their parents."""
    for child in module.children():
        own = type(child).__module__.partition(".")[0] not in ("torch", "kerastorch")
        container = isinstance(child, _CONTAINERS) or type(child).forward is nn.Module.forward
        if own or container or getattr(child, "is_model", False):
            yield from _called_parts(child)
        if not isinstance(child, (nn.ModuleList, nn.ModuleDict)) and type(child).forward is not nn.Module.forward:
            yield child


def _share_buffers(module: nn.Module, args: Any) -> None:
    """Rank 0's statistics for all, as DistributedDataParallel does it."""
    for buffer in module.buffers():
        dist.broadcast(buffer.detach(), src=0)


def _dtype(wanted: Any) -> torch.dtype | None:
    return None if wanted is None else dtypes.torch_dtype(wanted)


def _checked_units(units: Any) -> Any:
    classes = isinstance(units, tuple) and all(isinstance(u, type) and issubclass(u, nn.Module) for u in units)
    if units != "size" and not classes and (isinstance(units, (str, type, tuple)) or not callable(units)):
        raise errors.value_error(
            "`units` of strategy fsdp",
            expected='"size", a tuple of module classes, or a function `module -> bool`',
            received=units,
        )
    return units
