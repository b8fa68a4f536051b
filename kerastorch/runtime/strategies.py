"""From the options `devices`, `strategy` and `num_nodes` to the strategy of this process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from kerastorch.base import errors
from kerastorch.runtime.ddp import DataParallel
from kerastorch.runtime.device import choose_device
from kerastorch.runtime.fsdp import FullyShard
from kerastorch.runtime.launch import Launched
from kerastorch.runtime.strategy import SingleDevice
from kerastorch.runtime.tensor_parallel import TensorParallel
from kerastorch.runtime.world import LAUNCHED, World

# name -> class(device, world, **options). A new strategy is a file and a line here.
KINDS: dict[str, Any] = {"ddp": DataParallel, "fsdp": FullyShard, "tensor": TensorParallel}


@dataclass(frozen=True)
class StrategyOptions:
    """A strategy by name, with options of its own.

    Attributes:
        name: "ddp", "fsdp" or "tensor".
        options: What the strategy takes beside device and world.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


def choose_strategy(wanted: Any = None, device: Any = None, devices: Any = None, num_nodes: Any = None) -> SingleDevice:
    """The strategy that the options of `compile` mean in this process.

    A process that torchrun, `srun` or this library started is one rank of several. A process that was started plainly
    and wants several devices starts the ranks itself.

    Args:
        wanted: None or "auto", "ddp", "fsdp", `StrategyOptions`, or a strategy.
        device: The kind of device, or the one device; see `choose_device`.
        devices: None or 1; a number of devices of this machine, "auto" or -1 for all, a list of their indices.
        num_nodes: The number of machines, to be checked.

    Raises:
        ValueError: An option is wrong, or two contradict each other or the environment.

    Example:
        >>> choose_strategy(device="cpu").world_size
        1
    """
    if isinstance(wanted, SingleDevice):
        return wanted
    named = _named(wanted)
    indices = _indices(device, devices)
    world = World.here()
    if world is not None and world.size > 1:
        _check_world(world, devices, indices, num_nodes)
        return KINDS[named.name](_device_of(world, device, indices), world, **named.options)  # type: ignore[no-any-return]
    if num_nodes not in (None, 1):
        raise errors.value_error(
            "`num_nodes` of compile",
            expected="1, in a process that was started plainly",
            received=num_nodes,
            remedy="Start the script on every machine: `torchrun --nnodes ... script.py`, or `srun python script.py`.",
        )
    here = _nth(device, indices[0]) if indices is not None else choose_device(device)
    if indices is None or len(indices) == 1:
        return SingleDevice(here)
    size = len(indices)
    one = KINDS[named.name](here, World(0, size, 0, size, ("127.0.0.1", 0)), **named.options)
    again = (choose_strategy, (named, device, list(indices), None))
    launched = Launched(here, size, again, one.whole_graph, ranks=one.part[1])
    launched.in_pieces = one.in_pieces
    return launched


def _named(wanted: Any) -> StrategyOptions:
    if isinstance(wanted, StrategyOptions):
        named = wanted
    else:
        named = StrategyOptions("ddp" if wanted in (None, "auto") else wanted)
    if named.name not in KINDS:
        raise errors.unknown_name("strategy", named.name, ["auto", *KINDS])
    return named


def _indices(device: Any, devices: Any) -> list[int] | None:
    """The devices of this machine by index (on a CPU: processes), or None where the one that `device` means is."""
    kind = choose_device(_kind(device)).type
    there = torch.cuda.device_count() if kind == "cuda" else None
    every = devices in ("auto", -1, "-1")
    if devices is None or (every and there is None):
        return None
    wanted: Any = there if every else devices
    if isinstance(wanted, str) and wanted.isdigit():
        wanted = int(wanted)
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        wanted = list(range(wanted))
    if wanted == [0] and devices not in ([0], (0,)):
        return None  # one: that which `device` means
    if device is not None and ":" in str(device):
        raise errors.value_error(
            "`devices` of compile",
            expected="None beside `device` with an index",
            received=devices,
            remedy="Leave the index out, and name the devices: `devices=[0, 1]`.",
        )
    if not _are_indices(wanted) or (there is not None and max(wanted) >= there):
        have = "are processes on this CPU" if there is None else f"of the {there} of kind {kind!r} here"
        raise errors.value_error(
            "`devices` of compile",
            expected=f'"auto", a number >= 1, or a list of different indices (devices {have})',
            received=devices,
            remedy='Use devices="auto" to take all there are.',
        )
    return list(wanted)


def _kind(device: Any) -> Any:
    return device if device is None or isinstance(device, torch.device) else str(device)


def _are_indices(devices: Any) -> bool:
    if not isinstance(devices, (list, tuple)) or not devices or len(set(devices)) < len(devices):
        return False
    return all(isinstance(i, int) and not isinstance(i, bool) and i >= 0 for i in devices)


def _device_of(world: World, device: Any, indices: list[int] | None) -> torch.device:
    return _nth(device, world.local_rank if indices is None else indices[world.local_rank])


def _nth(device: Any, index: int) -> torch.device:
    kind = choose_device(_kind(device)).type
    return choose_device(f"cuda:{index}") if kind == "cuda" else torch.device(kind)


def _check_world(world: World, devices: Any, indices: list[int] | None, num_nodes: Any) -> None:
    count = 1 if indices is None else len(indices)
    if devices not in (None, "auto", -1, "-1") and count != world.local_size and LAUNCHED not in os.environ:
        raise errors.value_error(
            "`devices` of compile",
            expected=f"{world.local_size}, the number of processes that were started on this machine, or nothing",
            received=devices,
            remedy="Leave `devices` out: the launcher decides.",
        )
    if num_nodes is not None and num_nodes != world.nodes:
        raise errors.value_error(
            "`num_nodes` of compile",
            expected=f"{world.nodes}, the number of machines that the launcher started processes on, or nothing",
            received=num_nodes,
            remedy="Leave `num_nodes` out: the launcher decides.",
        )
