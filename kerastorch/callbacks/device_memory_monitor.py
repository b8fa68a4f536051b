"""The memory of the device in the logs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from kerastorch.base import registry
from kerastorch.callbacks.callback import Logs
from kerastorch.callbacks.run_monitor import RunMonitor

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

GIB = 1024.0**3
_PAGES = Path("/proc/self/statm")


@registry.register("callbacks")
class DeviceMemoryMonitor(RunMonitor):
    """Adds the memory in use to the logs, in GiB (2**30 bytes).

    On CUDA `memory_gib` is what tensors take now and `memory_peak_gib` the most they took in this epoch, both on rank
    0's device; torch's own counters are read (and its peak is reset at each epoch's begin), the device is not waited
    for. On the CPU they are the resident memory of the process and its highest so far, as far as the system tells.

    Example:
        >>> sorted(DeviceMemoryMonitor().figures())
        ['memory_gib', 'memory_peak_gib']
    """

    adds_to_logs = ("memory_gib", "memory_peak_gib")

    def __init__(self) -> None:
        super().__init__()
        self.device = torch.device("cpu")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.device = next((p.device for p in self.model.parameters()), torch.device("cpu"))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)

    def figures(self) -> Mapping[str, Any]:
        if self.device.type == "cuda":
            now, peak = torch.cuda.memory_allocated(self.device), torch.cuda.max_memory_allocated(self.device)
        elif self.device.type == "mps":
            now, peak = torch.mps.current_allocated_memory(), torch.mps.driver_allocated_memory()
        else:
            now, peak = process_memory()
        return {"memory_gib": now / GIB, "memory_peak_gib": max(now, peak) / GIB}


def process_memory() -> tuple[int, int]:
    """The resident memory of this process and its peak, in bytes; 0 where the system does not tell.

    Example:
        >>> now, peak = process_memory()
        >>> now <= peak or peak == 0
        True
    """
    now = int(_PAGES.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if _PAGES.exists() else 0
    if resource is None:
        return now, now
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return now or peak, max(now, peak)
