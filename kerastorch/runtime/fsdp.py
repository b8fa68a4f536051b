"""Fully sharded data parallelism: each rank holds a part of every weight (torch's `fully_shard`, FSDP2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.container import ModuleDict, ModuleList, Sequential

from kerastorch.base import dtypes, errors, nested
from kerastorch.base.sharded import is_sharded
from kerastorch.runtime.ddp import DataParallel
from kerastorch.runtime.world import World

MIN_SIZE = 100_000
# What a variable knows beside its values, and its shard must know too.
_KNOWN = ("keras_layout", "regularizer", "constraint", "path", "is_buffer")


class FullyShard(DataParallel):
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
        self._root: nn.Module | None = None
        self._has_hook = False

    def distribute(self, module: nn.Module) -> list[tuple[Tensor, Tensor]]:
        """Cut the weights of a built module into parts; each weight with the one that stands for it from now on."""
        self._root = module
        before = dict(module.named_parameters())
        if not before or any(is_sharded(p) for p in before.values()):
            return []
        from torch.distributed.device_mesh import init_device_mesh

        for tensor in (*before.values(), *module.buffers()):
            dist.broadcast(tensor.detach(), src=0)
        mesh = init_device_mesh(self.device.type, (self.world_size,), mesh_dim_names=("shard",))
        for unit in (*find_units(module, self._is_unit()), module):
            self._shard(unit, mesh)
        after = dict(module.named_parameters())
        for name, parameter in before.items():
            _carry_over(parameter, after[name])
        return [(parameter, after[name]) for name, parameter in before.items()]

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

    def wrap(self, module: nn.Module) -> nn.Module:
        return self.replicate(module)

    def replicate(self, module: nn.Module) -> nn.Module:
        if not self._has_hook and any(True for _ in module.buffers()):
            module.register_forward_pre_hook(_share_buffers)
            self._has_hook = True
        return module

    def sync_gradients(self, last: bool) -> None:
        """Every batch's gradients are reduced."""

    def reduce_gradients(self, parameters: Sequence[Tensor]) -> None:
        """They are reduced already."""

    @contextmanager
    def manual_gradients(self, share: Callable[[], float]) -> Iterator[None]:
        assert self._root is not None

        def weigh(module: nn.Module, args: Any, outputs: Any) -> None:
            factor = share()
            if factor != 1.0:
                for leaf in nested.flatten(outputs):
                    if isinstance(leaf, Tensor) and leaf.requires_grad:
                        leaf.register_hook(lambda gradient: gradient * factor)

        handle = self._root.register_forward_hook(weigh)
        try:
            yield
        finally:
            handle.remove()

    def whole(self, state: Any) -> Any:
        if isinstance(state, dict):
            return {key: self.whole(value) for key, value in state.items()}
        if isinstance(state, (list, tuple)):
            return type(state)(self.whole(value) for value in state)
        if not is_sharded(state):
            return state
        full = state.full_tensor()
        return full.cpu() if self.rank == 0 else full.new_empty(0)  # one whole model on a machine is enough


def find_units(module: nn.Module, wanted: Callable[[nn.Module, int], bool]) -> list[nn.Module]:
    """The modules below `module` whose weights are gathered on their own, inner ones first.

    Only modules that are called as such can be units: the layers of a model, the children of containers and of classes
    that users wrote, but not the parts of a library's layer, which may compute with their weights directly. A weight
    that two units share stays with the rest.

    Args:
        module: The root.
        wanted: Says, given a module and how many scalars it holds that no unit within it has, whether it is one.
    """
    owners = Counter(id(p) for child in _callable_parts(module) for p in child.parameters())
    depth = {id(p): owners[id(p)] for p in module.parameters()}
    found: list[nn.Module] = []
    taken: set[int] = set()
    for part in reversed(_callable_parts(module)):
        free = [p for p in part.parameters() if id(p) not in taken]
        nesting = 1 + sum(1 for other in _callable_parts(part))
        shared = any(depth[id(p)] > _nesting(module, part) for p in free)
        del nesting
        if free and not shared and wanted(part, sum(p.numel() for p in free)):
            found.append(part)
            taken |= {id(p) for p in free}
    return found


def _callable_parts(module: nn.Module) -> list[nn.Module]:
    raise NotImplementedError


def _nesting(module: nn.Module, part: nn.Module) -> int:
    raise NotImplementedError
