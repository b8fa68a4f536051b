"""Which device a run computes on."""

from __future__ import annotations

import platform
from typing import Any

import torch

from kerastorch.base import errors

_WIDEST = {"mps": torch.float32}


def available() -> list[str]:
    """The kinds of device this machine has, best first.

    Example:
        >>> available()[-1]
        'cpu'
    """
    kinds = []
    if torch.cuda.is_available():
        kinds.append("cuda")
    if torch.backends.mps.is_available():
        kinds.append("mps")
    return [*kinds, "cpu"]


def choose_device(wanted: Any = None) -> torch.device:
    """The device a user means.

    Args:
        wanted: None or "auto" (the best there is), a `torch.device`, an index of a GPU, or a name: "cpu", "gpu",
            "gpu:1", "cuda", "cuda:0", "mps".

    Returns:
        The device.

    Raises:
        ValueError: There is no such device here.

    Example:
        >>> choose_device("cpu")
        device(type='cpu')
    """
    if wanted is None or wanted == "auto":
        return torch.device(available()[0])
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        wanted = f"cuda:{wanted}"
    try:
        device = torch.device(str(wanted).lower().replace("gpu", "cuda"))
    except RuntimeError:
        raise errors.unknown_name("device", wanted, ["auto", *available(), "gpu"]) from None
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if device.type not in [*available(), "meta"] or (device.index or 0) >= count:
        raise errors.value_error(
            "`device`",
            expected=f"a device of this machine ({', '.join(available())})",
            received=str(wanted),
            remedy='Use device="auto" to take the best there is.',
        )
    return device


def exact_dtype(device: torch.device) -> torch.dtype:
    """The widest float that a device has: the dtype of sums over many samples.

    Example:
        >>> exact_dtype(torch.device("cpu"))
        torch.float64
    """
    return _WIDEST.get(device.type, torch.float64)


def computes_half() -> bool:
    """Whether the CPU computes in float16 itself.

    Example:
        >>> computes_half() in (True, False)
        True
    """
    asked = getattr(torch.cpu, "_is_amx_fp16_supported", None)
    return platform.machine() in ("aarch64", "arm64") or (asked is not None and bool(asked()))
