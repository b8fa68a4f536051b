"""What progress bars have in common, however they are drawn."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

from kerastorch.lightning.callbacks.progress_bar import ProgressBar


class Bars(ProgressBar):
    """A bar for the epoch of training and one for each other pass, with the figures logged with `prog_bar=True`.

    Args:
        refresh_rate: How often they are drawn; 0 for never.
        leave: Whether the bars of past epochs stay.
    """

    def __init__(self, refresh_rate: int, leave: bool) -> None:
        self.refresh_rate, self.leave = refresh_rate, leave
        self.bar: Any = None  # of the epoch
        self.inner: Any = None  # of another pass

    @property
    def is_enabled(self) -> bool:
        return self._enabled and self.refresh_rate > 0

    @abstractmethod
    def open(self, name: str, total: int | None, inner: bool = False) -> Any:
        """A new bar.

        Args:
            name: What stands before it.
            total: The batches; None where only the end of the data will tell.
            inner: Whether it is beside that of an epoch.
        """

    @abstractmethod
    def move(self, bar: Any, done: int) -> bool:
        """So many batches are done; returns whether that was drawn."""

    @abstractmethod
    def show(self, bar: Any, figures: dict[str, Any], now: bool = False) -> None:
        """Put figures beside a bar, and draw them if `now`."""

    @abstractmethod
    def close(self, bar: Any, leave: bool) -> None:
        """The bar has ended; whether it stays to be seen."""

    # -- training ---------------------------------------------------------------------------------------------------

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self._end_epoch(self.leave)
        if self.is_enabled:
            total = self.total_train_batches
            name = f"{self.train_description} {trainer.current_epoch}"
            self.bar = self.open(name, None if math.isinf(total) else int(total))

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        # The figures are fetched from the device only when they are shown.
        if self.bar is not None and self.move(self.bar, batch_idx + 1):
            self.show(self.bar, self.get_metrics(trainer, pl_module))

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if self.bar is not None:
            self.move(self.bar, trainer.fitting.done)
            self.show(self.bar, self.get_metrics(trainer, pl_module), now=True)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._end_epoch(True)

    def _end_epoch(self, leave: bool) -> None:
        bar, self.bar = self.bar, None
        if bar is not None:
            self.close(bar, leave)

    # -- other passes -----------------------------------------------------------------------------------------------

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        name = self.sanity_check_description if trainer.sanity_checking else self.validation_description
        self._begin(name, trainer.num_sanity_val_batches if trainer.sanity_checking else trainer.num_val_batches)

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin(self.test_description, trainer.num_test_batches)

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin(self.predict_description, trainer.num_predict_batches)

    def _begin(self, name: str, batches: list[int | None]) -> None:
        self._done = 0
        if self.is_enabled:
            known = [count for count in batches if count is not None]
            self.inner = self.open(name, sum(known) or None if len(known) == len(batches) else None, inner=True)

    def on_validation_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        self._done += 1
        if self.inner is not None:
            self.move(self.inner, self._done)

    on_test_batch_end = on_predict_batch_end = on_validation_batch_end  # type: ignore[assignment]

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        inner, self.inner = self.inner, None
        if inner is not None:
            self.close(inner, trainer.state.fn != "fit")

    on_test_end = on_predict_end = on_validation_end

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self.on_validation_end(trainer, pl_module)
        self._end_epoch(True)
