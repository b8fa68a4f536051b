"""Data parallelism: a replica on each rank, gradients averaged by torch's DistributedDataParallel."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.optimizer import register_optimizer_step_pre_hook

from kerastorch.base.sharded import is_sharded
from kerastorch.runtime import peers
from kerastorch.runtime.payoff import PayOff, exchange_seconds
from kerastorch.runtime.strategy import SingleDevice
from kerastorch.runtime.world import World

T = TypeVar("T")


class DataParallel(SingleDevice):
    """Each rank holds the module and trains on its rows of every batch.

    Args:
        device: This rank's device.
        world: The ranks.
        timeout: Seconds that a rank waits for the others.
        options: What DistributedDataParallel takes: `find_unused_parameters`, `bucket_cap_mb`, ...
    """

    name = "ddp"

    def __init__(self, device: torch.device, world: World, *, timeout: float = 1800.0, **options: Any) -> None:
        super().__init__(device)
        self.world, self.timeout, self.options = world, timeout, options
        self.rank, self.world_size, self.ranks = world.rank, world.size, world.size
        self.whole_graph = not options.get("find_unused_parameters")
        self._wrapped: Any = None

    def start(self) -> None:
        join(self.world, self.device, self.timeout)

    def wrap(self, module: nn.Module) -> nn.Module:
        if not any(p.requires_grad for p in module.parameters()):
            return module
        indices = None if self.device.type == "cpu" else [self.device]
        self._wrapped = DistributedDataParallel(module, device_ids=indices, **self.options)
        settle_buckets(self._wrapped)
        return self._wrapped  # type: ignore[no-any-return]

    def replicate(self, module: nn.Module) -> nn.Module:
        self._wrapped = None
        self.share((*module.parameters(), *module.buffers()))
        return module

    def share(self, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            if not is_sharded(tensor):
                dist.broadcast(tensor.detach(), src=0)

    def sync_gradients(self, last: bool) -> None:
        if self._wrapped is not None:
            self._wrapped.require_backward_grad_sync = last

    def reduce_gradients(self, parameters: Sequence[Tensor]) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        _all_reduce(gradients)
        if gradients:
            torch._foreach_div_(gradients, self.world_size)

    @contextmanager
    def manual_gradients(self, share: Callable[[], float]) -> Iterator[None]:
        def exchange(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
            parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
            if share() != 1.0 and parameters:
                torch._foreach_mul_([p.grad for p in parameters], share())
            self.reduce_gradients(parameters)

        handle = register_optimizer_step_pre_hook(exchange)
        try:
            yield
        finally:
            handle.remove()

    def sum_(self, values: Sequence[Tensor]) -> None:
        _all_reduce(values)

    def sum_everywhere_(self, value: Tensor) -> None:
        dist.all_reduce(value)

    def synchronize(self, accumulator: Any) -> None:
        accumulator.synchronize(self)

    def figures(self, told: Mapping[str, Any], counted: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        known, made = counted(), {}
        for name in sorted(told):
            value = known.get(name)
            if value is None:
                value = torch.as_tensor(told[name], dtype=torch.float64, device=self.device).clone()
                self.sum_([value])
                value /= self.world_size
            made[name] = value
        return made

    def gather(self, value: Tensor) -> list[Tensor]:
        found: list[Any] = [None] * self.world_size
        dist.all_gather_object(found, value.cpu())
        return found

    def agree(self, value: T) -> T:
        held = [value]
        dist.broadcast_object_list(held, src=0, device=self.device)
        return held[0]

    def any(self, value: T | None) -> T | None:
        flag = torch.tensor(value is not None, dtype=torch.int32, device=self.device)
        dist.all_reduce(flag, dist.ReduceOp.MAX)
        if not flag.item():
            return None
        found: list[Any] = [None] * self.world_size
        dist.all_gather_object(found, value)
        return next(v for v in found if v is not None)  # type: ignore[no-any-return]

    def hooks(self, state: Any, steered: bool, verbose: bool) -> Sequence[Callable[[int, Any], None]]:
        def stop_together(index: int, logs: Any) -> None:
            state.stop_reason = self.any(state.stop_reason)

        stops = (stop_together,) if steered else ()
        if self._wrapped is None or not self.agree(verbose):
            return stops
        numbers = sum(p.numel() for p in self._wrapped.parameters() if p.requires_grad)
        seconds = exchange_seconds(numbers, self.device)
        return (*stops, PayOff(self.world_size, seconds, print)) if self.rank == 0 else stops


def settle_buckets(wrapped: DistributedDataParallel) -> None:
    """Let torch lay out the buckets of gradients before the first step.

    By itself it does so after the first step: by the order in which the gradients came, and so with other sums than
    in the first one. A run that goes on from a checkpoint would then have a first step, and other bits, once more; on
    two ranks this is not seen, as two numbers have but one sum. Zeros are sent instead, which costs one exchange.
    """
    module = wrapped.module
    sparse = any(getattr(part, "sparse", False) for part in module.modules())
    if wrapped.find_unused_parameters or sparse:  # they are never laid out anew
        return
    parameters = [p for p in module.parameters() if p.requires_grad]
    before = [p.grad for p in parameters]
    wrapped.module, wrapped.require_forward_param_sync = _Zero(parameters), False
    try:
        with torch.enable_grad():
            wrapped().backward()
    finally:
        wrapped.module, wrapped.require_forward_param_sync = module, True
        for parameter, gradient in zip(parameters, before, strict=True):
            parameter.grad = gradient


class _Zero(nn.Module):
    """Zero, as a function of parameters that are another module's."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        super().__init__()
        self.held = tuple(parameters)

    def forward(self) -> Tensor:
        return torch.stack([p.sum() * 0 for p in self.held]).sum()


def _all_reduce(values: Sequence[Tensor]) -> None:
    """Sum tensors over the ranks in place: those of one dtype in one message."""
    groups: dict[torch.dtype, list[Tensor]] = {}
    for value in values:
        groups.setdefault(value.dtype, []).append(value)
    for group in groups.values():
        flat = torch.cat([v.detach().reshape(-1) for v in group])
        dist.all_reduce(flat)
        parts = torch.split(flat, [v.numel() for v in group])
        for value, part in zip(group, parts, strict=True):
            value.detach().copy_(part.view(value.shape))


def join(world: World, device: torch.device, timeout: float) -> None:
    """Start torch's process group, unless the user or an earlier run has done so."""
    peers.begin(world)
    if dist.is_initialized():
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    os.environ.setdefault("MASTER_ADDR", world.master[0])
    os.environ.setdefault("MASTER_PORT", str(world.master[1]))
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
        store=_store_after_restart(world, timeout),
        rank=world.rank,
        world_size=world.size,
        timeout=timedelta(seconds=timeout),
    )
    atexit.register(_leave)
    if world.rank > 0:  # dropout differs between ranks, whose rows differ too
        torch.manual_seed(torch.initial_seed() + world.rank)


def _store_after_restart(world: World, timeout: float) -> dist.Store | None:
    """Where ranks meet that torchrun has started again; None for torch's own way.

    On one machine torchrun keeps its store, with the addresses of the ranks that are gone: who comes first would
    connect to those. (Where there are several, each counts restarts by itself.)
    """
    count = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    if count == "0" or world.nodes > 1 or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = dist.TCPStore(host, port, world.size, is_master=False, timeout=timedelta(seconds=timeout))
    return dist.PrefixStore(f"restart-{count}", store)


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
    # Where a module still holds the group, gloo's threads live on. One that waits for Python's lock to free a tensor
    # would abort a process whose interpreter has ended, so it gets the lock before.
    time.sleep(0.01)
