"""`BatchSizeFinder`: the largest batch size that fits into memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerastorch.base import errors
from kerastorch.data.loader import length_of
from kerastorch.engine import micro_batch
from kerastorch.lightning.callbacks.callback import Callback
from kerastorch.lightning.data import as_list
from kerastorch.lightning.hparams import setter
from kerastorch.runtime import memory


class BatchSizeFinder(Callback):
    """Tries batch sizes when a run begins, and sets the largest that fits into memory; all else is as before.

    The module, its `hparams` or the datamodule keep the size, and their dataloaders use it. A subclass may call
    `scale_batch_size` in `on_train_epoch_start` too.

    Args:
        mode: "power": double until it does not fit; "binsearch": then bisect.
        steps_per_trial: Batches of a try.
        init_val: The first size.
        max_trials: The most tries; those of "binsearch" that do not fit are not counted.
        batch_arg_name: The name of the size.
        margin: The part of the size found that "binsearch" leaves free.
        max_val: The largest size.

    Attributes:
        optimal_batch_size: The last finding; `init_val` before.

    Raises:
        ValueError: An argument is wrong.

    Example:
        >>> BatchSizeFinder(init_val=16).optimal_batch_size
        16
    """

    tunes = True
    only_in_trainer = True

    def __init__(
        self,
        mode: str = "power",
        steps_per_trial: int = 3,
        init_val: int = 2,
        max_trials: int = 25,
        batch_arg_name: str = "batch_size",
        margin: float = 0.05,
        max_val: int = 8192,
    ) -> None:
        self.mode = mode.lower()
        micro_batch.check(self.mode, max_trials)
        if not 0.0 <= margin < 1.0:
            raise errors.value_error("`margin` of BatchSizeFinder", expected="a number in [0.0, 1.0)", received=margin)
        self.steps_per_trial, self.max_trials, self.max_val = steps_per_trial, max_trials, max_val
        self.init_val, self.batch_arg_name, self.margin = init_val, batch_arg_name, margin
        self.optimal_batch_size: int | None = init_val

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if trainer.world_size > 1:
            raise errors.value_error(
                f"BatchSizeFinder with {trainer.world_size} devices",
                expected="one",
                received=errors.Said("several, of which one might run out of memory while the others wait for it"),
            )
        loaders, kind = trainer.given.get(trainer.data_kind), trainer.data_kind
        if loaders is not None:
            raise errors.value_error(
                f"The dataloaders of {stage}, with a BatchSizeFinder",
                expected=f"a method `{kind}_dataloader`, or a datamodule, that makes them of the size",
                received=loaders,
            )
        self._setter(trainer, pl_module)

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self.scale_batch_size(trainer, pl_module)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.state.fn == "validate":
            self.scale_batch_size(trainer, pl_module)

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        self.scale_batch_size(trainer, pl_module)

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        self.scale_batch_size(trainer, pl_module)

    def scale_batch_size(self, trainer: Any, pl_module: Any) -> None:
        """Find a size, and set it, see `optimal_batch_size`; the run asks for its dataloaders anew.

        Args:
            trainer: The Trainer; its run is before its first batch or that of an epoch.
            pl_module: The module.
        """
        self.optimal_batch_size = None
        if trainer.fast_dev_run:
            trainer.strategy.warn("BatchSizeFinder does nothing in a Trainer with `fast_dev_run`.")
            return
        put = self._setter(trainer, pl_module)

        def fits(size: int) -> tuple[bool, bool]:
            put(size)
            return self._fits(trainer)

        size = self._largest(fits)
        if self.mode == "binsearch":
            size = max(int(size * (1 - self.margin)), 1)
        put(size)
        self.optimal_batch_size = size
        trainer.reload()

    def _setter(self, trainer: Any, pl_module: Any) -> Callable[[Any], None]:
        return setter([pl_module, trainer.datamodule], [self.batch_arg_name])

    def _largest(self, fits: Callable[[int], tuple[bool, bool]]) -> int:
        """Search.

        Args:
            fits: Tries a size: whether it fits, and whether it takes all data at once.
        """
        bisects, left = self.mode == "binsearch", self.max_trials
        low, high, size = 0, 0, min(self.init_val, self.max_val)  # the largest that fits, the smallest that does not
        while left:
            fit, whole = fits(size)
            low, high = (size, high) if fit else (low, size)
            if (fit and (whole or size == self.max_val)) or (high and (high - low <= 1 or (low and not bisects))):
                break
            left -= fit or not bisects
            size = (low + high) // 2 if high else min(size * 2, self.max_val)
        return max(low or size, 1)

    def _fits(self, trainer: Any) -> tuple[bool, bool]:
        kind, other = trainer.data_kind, None
        flags = {f"limit_{kind}_batches": self.steps_per_trial, "max_epochs": trainer.current_epoch + 1}
        try:
            other = trainer.try_out(**flags)
        except (RuntimeError, MemoryError) as error:
            if not memory.is_out_of_memory(error):
                raise
        if other is None:  # only now is the traceback gone, which held the activations
            memory.give_back(trainer.plan.device)
            return False, False
        lengths = [length_of(one) for one in as_list(other.dataloaders[kind])]
        return True, all(length is not None and length <= 1 for length in lengths)
