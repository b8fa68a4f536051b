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
from kerastorch.runtime.launch import Launched
from kerastorch.runtime.strategy import SingleDevice
from kerastorch.runtime.world import LAUNCHED, World

# name -> class(device, world, **options). A new strategy is a file and a line here.
KINDS: dict[str, Any] = {"ddp": DataParallel}


@dataclass(frozen=True)
class StrategyOptions:
    """A strategy by name, with options of its own.

    Attributes:
        name: "ddp".
        options: What the strategy takes beside device and world.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


def choose_strategy(wanted: Any = None, device: Any = None, devices: Any = None, num_nodes: Any = None) -> SingleDevice:
    """The strategy that the options of `compile` mean in this process.

    A process that torchrun, `srun` or this library started is one rank of several. A process that was started plainly
    and wants several devices starts the ranks itself.

    Args:
        wanted: None or "auto", "ddp", `StrategyOptions`, or a strategy.
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
    return Launched(here, len(indices), (choose_strategy, (named, device, list(indices), None)))


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
    if devices in (None, 1, "1") or (devices in ("auto", -1, "-1") and there is None):
        return None
    if device is not None and ":" in str(device):
        raise errors.value_error("`devices` of compile", expected="None beside `device`", received=devices)
    if devices in ("auto", -1, "-1"):
        devices = there
    if isinstance(devices, str) and devices.isdigit():
        devices = int(devices)
    if isinstance(devices, int) and not isinstance(devices, bool) and devices > 0:
        devices = list(range(devices))
    if not _are_indices(devices) or (there is not None and max(devices) >= there):
        have = "processes on this CPU" if there is None else f"of the {there} devices of kind {kind!r} here"
        raise errors.value_error(
            "`devices` of compile",
            expected=f'"auto", a number >= 1, or a list of different indices {have}',
            received=devices,
            remedy='Use devices="auto" to take all there are.',
        )
    return list(devices)


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
        )
