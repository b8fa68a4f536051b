"""`TQDMProgressBar`: how far a run is."""

from __future__ import annotations

import sys
from typing import Any

from tqdm.auto import tqdm

from kerastorch.lightning.callbacks.callback import Callback


class ProgressBar(Callback):
    """The base of progress bars: a Trainer adds its own only where there is none of these."""


class TQDMProgressBar(ProgressBar):
    """A bar for the epoch of training and one for each other pass, with the figures logged with `prog_bar=True`.

    Args:
        refresh_rate: Batches between two changes; 0 for no bar.
        process_position: Lines above that are left to others.
        leave: Whether the bars of past epochs stay.

    Example:
        >>> TQDMProgressBar(refresh_rate=10).refresh_rate
        10
    """

    def __init__(self, refresh_rate: int = 1, process_position: int = 0, leave: bool = False) -> None:
        self.refresh_rate, self.process_position, self.leave = refresh_rate, process_position, leave
        self.bar: Any = None
        self.inner: Any = None

    @property
    def is_disabled(self) -> bool:
        """Whether nothing is shown."""
        return self.refresh_rate == 0

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if not trainer.is_global_zero:
            self.refresh_rate = 0

    def _open(self, name: str, total: Any, position: int = 0, leave: bool = False) -> Any:
        return tqdm(
            desc=name, total=total, position=self.process_position + position, leave=leave, disable=self.is_disabled,
            dynamic_ncols=True, file=sys.stdout, mininterval=0.1,
        )  # fmt: skip

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if self.bar is not None:
            self.bar.close()
        self.bar = self._open(f"Epoch {trainer.current_epoch}", trainer.num_training_batches, leave=True)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.refresh_rate and (batch_idx + 1) % self.refresh_rate == 0:
            self.bar.update(batch_idx + 1 - self.bar.n)
            if self.bar.last_print_n == self.bar.n:  # it was shown: the figures are fetched only then
                self.bar.set_postfix(self.get_metrics(trainer, pl_module), refresh=False)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.bar.update(trainer.fitting.done - self.bar.n)
        self.bar.set_postfix(self.get_metrics(trainer, pl_module))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        name = "Sanity check" if trainer.sanity_checking else "Validation"
        self.inner = self._open(name, sum(n or 0 for n in trainer.num_val_batches) or None, position=1)

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        self.inner = self._open("Testing", None)

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        self.inner = self._open("Predicting", None)

    def on_validation_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        self.inner.update(1)

    def on_test_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        self.inner.update(1)

    def on_predict_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        self.inner.update(1)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.inner.close()

    on_test_end = on_predict_end = on_validation_end

    def get_metrics(self, trainer: Any, pl_module: Any) -> dict[str, Any]:
        """What is shown beside the bar; override it to show something else."""
        version = getattr(trainer.logger, "version", None)
        return {**({} if version is None else {"v_num": version}), **trainer.progress_bar_metrics}

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        for bar in (self.bar, self.inner):
            if bar is not None:
                bar.close()
