"""The random number generators of a process, which ranks take over from the process that started them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def state() -> dict[str, Any]:
    """The states of the generators of Python, NumPy and torch (on the host)."""
    return {"python": random.getstate(), "numpy": np.random.get_state(), "torch": torch.get_rng_state()}


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
