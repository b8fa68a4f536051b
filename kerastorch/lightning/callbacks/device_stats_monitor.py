"""`DeviceStatsMonitor`: how busy the device is, in the log."""

from __future__ import annotations

from typing import Any

import torch

from kerastorch.base import errors
from kerastorch.lightning.callbacks.callback import Callback


class DeviceStatsMonitor(Callback):
    """Logs, around batches, torch's memory statistics of a CUDA device, and the load of the processor and memory.

    The names are as "DeviceStatsMonitor.on_train_batch_start/cpu_percent". Figures come at every
    `log_every_n_steps`-th batch. Those of the processor need psutil.

    Args:
        cpu_stats: Whether there are figures of the processor; None: where the module runs on it.

    Example:
        >>> DeviceStatsMonitor(cpu_stats=True).cpu_stats
        True
    """

    logs = False

    def __init__(self, cpu_stats: bool | None = None) -> None:
        self.cpu_stats = cpu_stats

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if stage == "fit" and not trainer.loggers:
            raise errors.value_error(
                "DeviceStatsMonitor", expected="a Trainer with a logger", received=None, remedy="Leave it out."
            )
        if self._processor(trainer.plan.device):
            processor_stats()  # refuses before training where psutil is missing

    def _processor(self, device: torch.device) -> bool:
        return device.type == "cpu" if self.cpu_stats is None else self.cpu_stats

    def _log(self, trainer: Any, hook: str, number: int) -> None:
        if number % trainer.log_every_n_steps and not trainer.should_stop:
            return
        device = trainer.plan.device
        figures = torch.cuda.memory_stats(device) if device.type == "cuda" else {}
        if self._processor(device):
            figures = {**figures, **processor_stats()}
        step = 0 if trainer.fitting is None else trainer.fitting.stepped
        named = {f"{type(self).__qualname__}.{hook}/{name}": value for name, value in figures.items()}
        for logger in trainer.loggers if named and trainer.is_global_zero else ():
            logger.log_metrics(named, step)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self._log(trainer, "on_train_batch_start", trainer.fitting.stepped + 1)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self._log(trainer, "on_train_batch_end", trainer.fitting.stepped + 1)

    def on_validation_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._log(trainer, "on_validation_batch_start", batch_idx + 1)

    def on_validation_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._log(trainer, "on_validation_batch_end", batch_idx + 1)

    def on_test_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._log(trainer, "on_test_batch_start", batch_idx + 1)

    def on_test_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._log(trainer, "on_test_batch_end", batch_idx + 1)


def processor_stats() -> dict[str, float]:
    """The load of the processor, the memory and the swap space, in percent.

    Raises:
        ImportError: psutil is not installed.
    """
    try:
        import psutil  # type: ignore[import-untyped]
    except ImportError as error:
        raise errors.import_error(
            "DeviceStatsMonitor",
            expected="the package 'psutil' for figures of the processor",
            received=errors.Said("an installation without it"),
            remedy="Install it: `pip install psutil`, or set `cpu_stats=False`.",
        ) from error
    return {
        "cpu_percent": psutil.cpu_percent(),
        "cpu_vm_percent": psutil.virtual_memory().percent,
        "cpu_swap_percent": psutil.swap_memory().percent,
    }
