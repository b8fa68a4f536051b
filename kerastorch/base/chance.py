"""The random number generators of a process, which ranks take over from the process that started them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def forked(device: torch.device) -> list[torch.device]:
    """The devices beside the host whose random numbers `torch.random.fork_rng(devices=...)` should keep.

    Example:
        >>> forked(torch.device("cpu"))
        []
    """
    return [device] if device.type == "cuda" else []


def torch_state(device: torch.device | None = None) -> dict[str, Any]:
    """The states of torch's generators alone: on the host, and of a device beside it."""
    found: dict[str, Any] = {"torch": torch.get_rng_state()}
    if device is not None and device.type not in ("cpu", "meta"):
        found["device"] = (str(device), torch.get_device_module(device).get_rng_state(device))
    return found


def state(device: torch.device | None = None) -> dict[str, Any]:
    """The states of the generators of Python, NumPy, torch on the host, and of a device beside it."""
    return {"python": random.getstate(), "numpy": np.random.get_state(), **torch_state(device)}


def restore(known: dict[str, Any]) -> None:
    """Put back what `state` gave.

    Example:
        >>> before = state()
        >>> first = torch.rand(1)
        >>> restore(before)
        >>> bool(torch.rand(1) == first)
        True
    """
    random.setstate(known["python"])
    np.random.set_state(known["numpy"])
    torch.set_rng_state(known["torch"])
    if "device" in known:
        name, drawn = known["device"]
        device = torch.device(name)
        torch.get_device_module(device).set_rng_state(drawn, device)
