"""`LearningRateMonitor`: the learning rates in the log."""

from __future__ import annotations

from typing import Any

import torch

from kerastorch.base import errors
from kerastorch.lightning.callbacks.callback import Callback


class LearningRateMonitor(Callback):
    """Logs the learning rates as "lr-Adam", with "-1" for further optimizers of a class and "/pg1" for groups.

    Args:
        logging_interval: "step", "epoch", or None for that of each scheduler.
        log_momentum: Whether the momentum is logged too.
        log_weight_decay: Whether the weight decay is logged too.

    Example:
        >>> LearningRateMonitor("epoch").logging_interval
        'epoch'
    """

    logs = False

    def __init__(
        self, logging_interval: str | None = None, log_momentum: bool = False, log_weight_decay: bool = False
    ) -> None:
        if logging_interval not in (None, "step", "epoch"):
            raise errors.unknown_name("`logging_interval` of LearningRateMonitor", logging_interval, ["step", "epoch"])
        self.logging_interval = logging_interval
        self.log_momentum, self.log_weight_decay = log_momentum, log_weight_decay
        self.lrs: dict[str, list[float]] = {}

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self.lrs = {}
        if not trainer.loggers:
            raise errors.value_error(
                "LearningRateMonitor", expected="a Trainer with a logger", received=None, remedy="Leave it out."
            )
        trainer.record.names.update(self._rates(trainer, None))

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if (trainer.fitting.stepped + 1) % trainer.log_every_n_steps == 0:
            self._log(trainer, "step")

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self._log(trainer, "epoch")

    def _log(self, trainer: Any, interval: str) -> None:
        if self.logging_interval not in (None, interval):
            return
        found = self._rates(trainer, interval if self.logging_interval is None else None)
        for name, value in found.items():
            self.lrs.setdefault(name, []).append(value)
        trainer.record.callback.update({name: torch.tensor(value) for name, value in found.items()})
        for logger in trainer.loggers if found and trainer.is_global_zero else ():
            logger.log_metrics(found, trainer.fitting.stepped)

    def _rates(self, trainer: Any, interval: str | None) -> dict[str, float]:
        """The rates of now by name; of optimizers whose scheduler has an interval, or of all."""
        scheduled: list[Any] = [(config.scheduler.optimizer, config) for config in trainer.lr_scheduler_configs]
        known = {id(optimizer) for optimizer, _ in scheduled}
        found: dict[str, float] = {}
        kinds: list[str] = []
        for optimizer, config in (*scheduled, *((one, None) for one in trainer.optimizers if id(one) not in known)):
            name = config and config.name
            if not name:
                kind = type(optimizer).__name__
                name = f"lr-{kind}" + (f"-{kinds.count(kind)}" if kind in kinds else "")
                kinds.append(kind)
            if interval is not None and config is not None and config.interval != interval:
                continue
            groups = optimizer.param_groups
            for i, group in enumerate(groups, 1):
                found.update(self._of_group(f"{name}/pg{i}" if len(groups) > 1 else name, group))
        return found

    def _of_group(self, place: str, group: dict[str, Any]) -> dict[str, float]:
        found = {place: float(group["lr"])}
        if self.log_momentum:
            found[f"{place}-momentum"] = float(group.get("momentum", group.get("betas", (0.0,))[0]))
        if self.log_weight_decay:
            found[f"{place}-weight_decay"] = float(group.get("weight_decay", 0.0))
        return found
