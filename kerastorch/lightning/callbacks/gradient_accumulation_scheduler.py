"""`GradientAccumulationScheduler`: how many batches make an update, by epoch."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors
from kerastorch.lightning.callbacks.callback import Callback


class GradientAccumulationScheduler(Callback):
    """Changes `accumulate_grad_batches` at the beginning of epochs.

    Args:
        scheduling: Epoch, from 0 -> batches to an update from then on.

    Raises:
        ValueError: It is empty, or holds something else than such numbers.

    Example:
        >>> GradientAccumulationScheduler({0: 8, 4: 1}).get_accumulate_grad_batches(3)
        8
    """

    logs = False
    only_in_trainer = True

    def __init__(self, scheduling: dict[int, int]) -> None:
        whole = all(isinstance(one, int) for pair in scheduling.items() for one in pair)
        if not scheduling or not whole or min(scheduling) < 0 or min(scheduling.values()) < 1:
            raise errors.value_error(
                "`scheduling` of GradientAccumulationScheduler",
                expected="epochs, from 0, and numbers of batches, from 1",
                received=scheduling,
            )
        self.scheduling = {0: 1, **scheduling}

    def get_accumulate_grad_batches(self, epoch: int) -> int:
        """The batches to an update in an epoch."""
        return self.scheduling[max(start for start in self.scheduling if start <= epoch)]

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if not pl_module.automatic_optimization or trainer.options.accumulate_grad_batches != 1:
            raise errors.value_error(
                "GradientAccumulationScheduler",
                expected="automatic optimization, and no `accumulate_grad_batches` of the Trainer beside it",
                received=trainer.options.accumulate_grad_batches,
            )

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        trainer.accumulate_grad_batches = self.get_accumulate_grad_batches(trainer.current_epoch)
