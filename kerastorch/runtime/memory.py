"""Running out of memory: how it shows, and how memory is given back."""

from __future__ import annotations

import gc

import torch

# What allocators say that raise a plain RuntimeError: torch's on the CPU (Linux, Windows), Metal's, CUDA's libraries.
_SAYINGS = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "MPS backend out of memory",
    "CUDA error: out of memory",
    "CUDA out of memory",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice.

    Args:
        error: What was raised in a step.

    Example:
        >>> is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory.")), is_out_of_memory(RuntimeError("shapes"))
        (True, False)
    """
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(saying in str(error) for saying in _SAYINGS)


def give_back(device: torch.device) -> None:
    """Return the memory that nobody uses any more, in cycles and in the allocator's cache, to the device.

    Args:
        device: The device that ran out.
    """
    gc.collect()
    if device.type != "cpu":
        torch.get_device_module(device).empty_cache()
