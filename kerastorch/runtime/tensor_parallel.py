"""Model parallelism: weights cut along dimensions of a mesh, computed with as torch's `DTensor`s."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from kerastorch.base import errors, nested
from kerastorch.base.sharded import is_sharded
from kerastorch.runtime.sharding import Sharded, scale_gradients
from kerastorch.runtime.world import World


class TensorParallel(Sharded):
    """Each rank holds its part of the weights as a distribution says, and its rows of every batch.

    The module computes with `DTensor`s, from its inputs to its outputs: an operation that torch cannot do on parts is
    refused by torch with the operation's name. Layers that draw random numbers (dropout, noise) compute with whole rows
    in training, for which those are gathered: the copies of a row draw the same numbers, so they stay copies.

    Args:
        device: This rank's device.
        world: The ranks.
        distribution: A `keras.distribution.ModelParallel`.
        timeout: Seconds that a rank waits for the others.

    Raises:
        ValueError: There is no distribution, or its mesh is not one of so many devices as there are ranks.
    """

    name = "tensor"

    def __init__(
        self, device: torch.device, world: World, *, distribution: Any = None, timeout: float = 1800.0
    ) -> None:
        super().__init__(device, world, timeout=timeout)
        mesh = getattr(distribution, "device_mesh", None)
        if mesh is None or mesh.devices.size != world.size:
            raise errors.value_error(
                "Strategy tensor",
                expected=f"a distribution whose mesh has {world.size} devices, one for each rank",
                received=errors.Said(repr(distribution)),
                remedy="Before `compile`: `keras.distribution.set_distribution(ModelParallel(layout_map=...))`.",
            )
        self.distribution = distribution
        self._axis = list(mesh.axis_names).index(distribution.batch_dim_name)
        # The copies of one part of the model take the same rows, and count them once.
        self.world_size = int(mesh.shape[self._axis])
        self._row = int(np.unravel_index(world.rank, tuple(mesh.shape))[self._axis])

    @property
    def part(self) -> tuple[int, int]:
        return self._row, self.world_size

    def start(self) -> None:
        meets = not dist.is_initialized()
        super().start()
        if meets:  # copies of one row draw the same random numbers: those of its first process
            states = self._by_row()[self._row][0]
            torch.set_rng_state(states[0])
            if self.device.type == "cuda":
                torch.cuda.set_rng_state(states[-1])

    def _by_row(self) -> dict[int, list[list[Tensor]]]:
        """Row -> the states of the generators of each process that has it."""
        states = [torch.get_rng_state()]
        if self.device.type == "cuda":
            states.append(torch.cuda.get_rng_state())
        found: list[Any] = [None] * self.world.size
        dist.all_gather_object(found, (self._row, states))
        return {row: [held for other, held in found if other == row] for row, _ in found}

    @property
    def _mesh(self) -> Any:
        return self.distribution.device_mesh.backend_mesh

    @property
    def _rows(self) -> list[Any]:
        """The placements of a batch."""
        from torch.distributed.tensor import Replicate, Shard

        return [Shard(0) if axis == self._axis else Replicate() for axis in range(self._mesh.ndim)]

    def cut(self, module: nn.Module) -> None:
        from torch.distributed.tensor import distribute_tensor

        _refuse_statistics(module)
        made: dict[int, nn.Parameter] = {}
        for path, owner in module.named_modules():
            for key, parameter in owner._parameters.items():
                if parameter is None:
                    continue
                if id(parameter) not in made:
                    dist.broadcast(parameter.detach(), src=0)
                    placements = self._placements(parameter, f"{path}.{key}".strip(".").replace(".", "/"))
                    part = distribute_tensor(parameter.detach(), self._mesh, placements, src_data_rank=None)
                    made[id(parameter)] = nn.Parameter(part, requires_grad=parameter.requires_grad)
                    made[id(parameter)].register_post_accumulate_grad_hook(_lay_out_gradient)  # type: ignore[no-untyped-call]
                owner._parameters[key] = made[id(parameter)]
        drawing = [child for child in module.modules() if _draws(child)]
        if drawing:
            self._check_seeds()
        for child in drawing:
            child.register_forward_pre_hook(self._gather_rows, with_kwargs=True)
            child.register_forward_hook(lambda child, args, outputs: self._spread(outputs))
        module.register_forward_pre_hook(self._enter, with_kwargs=True)
        module.register_forward_hook(self._leave)

    def _check_seeds(self) -> None:
        """Copies of a row must draw the same numbers.

        Raises:
            ValueError: Their generators are in different states.
        """
        rows = self._by_row().values()
        if not all(
            torch.equal(one, first) for row in rows for held in row for one, first in zip(held, row[0], strict=True)
        ):
            raise errors.value_error(
                "keras.distribution.ModelParallel with layers that draw random numbers (dropout, noise)",
                expected="processes that were seeded alike",
                received=errors.Said("generators in different states"),
                remedy="Call `keras.utils.set_random_seed(...)` with the same number in all processes.",
            )

    def _placements(self, parameter: Tensor, path: str) -> Any:
        layout = getattr(parameter, "keras_layout", None)
        shape = tuple(parameter.shape if layout is None else layout.to_keras(parameter).shape)
        known = SimpleNamespace(path=getattr(parameter, "path", path), shape=shape)
        found = self.distribution.get_variable_layout(known)
        if len(found.axes) != len(shape):
            raise errors.value_error(
                f"Layout of variable {known.path!r}", expected=f"{len(shape)} axes", received=found.axes
            )
        return found.placements(None if layout is None else layout.forward)

    def _spread(self, values: Any) -> Any:
        """Each process's rows as one tensor in parts."""
        from torch.distributed.tensor import DTensor

        def spread(leaf: Any) -> Any:
            plain = isinstance(leaf, Tensor) and not is_sharded(leaf) and leaf.ndim > 0
            return DTensor.from_local(leaf, self._mesh, self._rows, run_check=False) if plain else leaf

        return nested.map_structure(spread, values)

    def _own_rows(self, values: Any) -> Any:
        """Of tensors in parts this process's rows, whole."""

        def own_rows(leaf: Any) -> Any:
            if not is_sharded(leaf):
                return leaf
            return leaf.redistribute(self._mesh, self._rows).to_local(grad_placements=self._rows)

        return nested.map_structure(own_rows, values)

    def _gather_rows(self, module: nn.Module, args: Any, kwargs: Any) -> Any:
        return (self._own_rows(args), self._own_rows(kwargs)) if module.training else None

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> Any:
        return self._spread(args), self._spread(kwargs)

    def _leave(self, module: nn.Module, args: Any, outputs: Any) -> Any:
        local = self._own_rows(outputs)
        scale_gradients(local, 1.0 / self.world_size)  # the parts' gradients are sums over the rows of all ranks
        return local

    def sum_(self, values: Sequence[Tensor]) -> None:
        for value in values:
            dist.all_reduce(value.detach(), group=self._mesh.get_group(self._axis))

    def gather(self, value: Tensor) -> list[Tensor]:
        found: list[Any] = [None] * self.world_size
        dist.all_gather_object(found, value.cpu(), group=self._mesh.get_group(self._axis))
        return found

    def any(self, value: Any) -> Any:
        found: list[Any] = [None] * self.world.size
        dist.all_gather_object(found, value)
        return next((v for v in found if v is not None), None)


def _draws(module: nn.Module) -> bool:
    """Whether a module draws random numbers itself."""
    return "seed_generator" in vars(module) or isinstance(module, nn.modules.dropout._DropoutNd)


def _lay_out_gradient(parameter: Tensor) -> None:
    """Let a gradient, which may wait to be summed, lie as its parameter does: over the ranks, and in memory."""
    from torch.distributed.tensor import DTensor

    gradient, lies = parameter.grad, parameter.stride()
    if not isinstance(gradient, DTensor) or not isinstance(parameter, DTensor):
        return
    if gradient.placements != parameter.placements:
        gradient = gradient.redistribute(placements=parameter.placements)
    local = gradient.to_local()
    if local.stride() != parameter.to_local().stride():  # torch's fused optimizers read memory as it lies
        mesh, placements = parameter.device_mesh, parameter.placements
        local = torch.empty_like(parameter.to_local()).copy_(local)
        gradient = DTensor.from_local(local, mesh, placements, run_check=False, shape=parameter.shape, stride=lies)
    parameter.grad = gradient


def _refuse_statistics(module: nn.Module) -> None:
    named = [name for name, buffer in module.named_buffers() if buffer.is_floating_point()]
    if named:
        raise errors.value_error(
            "keras.distribution.ModelParallel",
            expected="a model without statistics that are not trained (as BatchNormalization has)",
            received=errors.Said(", ".join(named[:5])),
            remedy="Use LayerNormalization, or DataParallel.",
        )
