"""The base of progress bars."""

from __future__ import annotations

from typing import Any

from kerastorch.lightning.callbacks.callback import Callback


class ProgressBar(Callback):
    """The base of progress bars: a Trainer adds its own only where there is none of these.

    Attributes:
        trainer: The Trainer, from `setup` on.

    Example:
        >>> class Dots(ProgressBar):
        ...     def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        ...         print("." if self.is_enabled else "", end="")
        >>> bar = Dots()
        >>> bar.disable()
        >>> bar.is_enabled
        False
    """

    sanity_check_description = "Sanity Checking"
    train_description = "Epoch"
    validation_description = "Validation"
    test_description = "Testing"
    predict_description = "Predicting"
    logs = False
    trainer: Any = None
    _enabled = True

    @property
    def is_enabled(self) -> bool:
        """Whether something is shown."""
        return self._enabled

    @property
    def is_disabled(self) -> bool:
        """Whether nothing is shown."""
        return not self.is_enabled

    def enable(self) -> None:
        """Show something again."""
        self._enabled = True

    def disable(self) -> None:
        """Show nothing."""
        self._enabled = False

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print without breaking the bar."""
        print(*args, **kwargs)

    @property
    def total_train_batches(self) -> int | float:
        """Batches in an epoch; infinity where only the end of the data will tell."""
        return self.trainer.num_training_batches  # type: ignore[no-any-return]

    @property
    def total_val_batches(self) -> int | float:
        """Batches of all validation dataloaders; infinity where only the end of the data will tell."""
        counts = self.trainer.num_val_batches
        return float("inf") if None in counts else sum(counts)

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self.trainer = trainer
        if not trainer.is_global_zero:
            self.disable()

    def get_metrics(self, trainer: Any, pl_module: Any) -> dict[str, Any]:
        """What is shown beside the bar; override it to show something else."""
        versions = dict.fromkeys(getattr(logger, "version", None) for logger in trainer.loggers)
        shown = [one for one in versions if one not in (None, "")]
        version = shown[0] if len(shown) == 1 else "_".join(map(str, shown))
        short = version[-4:] if isinstance(version, str) else version  # of long ones the end tells them apart
        return {**({} if short == "" else {"v_num": short}), **trainer.progress_bar_metrics}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "trainer": None}
