"""`TQDMProgressBar`: how far a run is, drawn by tqdm."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from tqdm import TqdmWarning

from kerastorch.lightning.callbacks.bars import Bars

with warnings.catch_warnings():  # a notebook without ipywidgets gets the plain bar, and need not hear of it
    warnings.simplefilter("ignore", TqdmWarning)
    from tqdm.auto import tqdm

Tqdm = tqdm  # the name under which users import it to make bars of their own
_KINDS = {"sanity_check": "sanity", "validate": "validation", "test": "test", "predict": "predict"}


class TQDMProgressBar(Bars):
    """A bar for the epoch of training and one for each other pass, with the figures logged with `prog_bar=True`.

    Override `init_train_tqdm`, `init_sanity_tqdm`, `init_validation_tqdm`, `init_test_tqdm` or `init_predict_tqdm` for
    bars of your own.

    Args:
        refresh_rate: Batches between two changes; 0 for no bar.
        process_position: Lines above that are left to others.
        leave: Whether the bars of past epochs stay.

    Example:
        >>> TQDMProgressBar(refresh_rate=10).refresh_rate
        10
    """

    def __init__(self, refresh_rate: int = 1, process_position: int = 0, leave: bool = False) -> None:
        super().__init__(refresh_rate, leave)
        self.process_position = process_position

    def init_train_tqdm(self) -> Any:
        """The bar of an epoch; its number and the batches come later."""
        return self._new(self.train_description)

    def init_sanity_tqdm(self) -> Any:
        """The bar of the validation before training."""
        return self._new(self.sanity_check_description, inner=True)

    def init_validation_tqdm(self) -> Any:
        """The bar of a validation."""
        return self._new(self.validation_description, inner=True)

    def init_test_tqdm(self) -> Any:
        """The bar of a test."""
        return self._new(self.test_description, inner=True)

    def init_predict_tqdm(self) -> Any:
        """The bar of predictions."""
        return self._new(self.predict_description, inner=True)

    @property
    def train_progress_bar(self) -> Any:
        """The bar of the epoch, or None."""
        return self.bar

    @property
    def val_progress_bar(self) -> Any:
        """The bar of a validation, or None."""
        return self.inner

    test_progress_bar = predict_progress_bar = val_progress_bar

    def _new(self, name: str, inner: bool = False) -> Any:
        place = self.process_position + (inner and self.bar is not None)
        off = self.is_disabled
        return tqdm(desc=name, position=place, leave=False, disable=off, dynamic_ncols=True, file=sys.stdout)

    def open(self, name: str, total: int | None, inner: bool = False) -> Any:
        bar = getattr(self, f"init_{_KINDS[self.trainer.state.stage] if inner else 'train'}_tqdm")()
        if not bar.disable:
            bar.reset(total)
            if not inner:
                bar.set_description(name)
        return bar

    def move(self, bar: Any, done: int) -> bool:
        if bar.disable or done % self.refresh_rate and done != bar.total:
            return False
        bar.update(done - bar.n)
        return bool(bar.last_print_n == done)

    def show(self, bar: Any, figures: dict[str, Any], now: bool = False) -> None:
        bar.set_postfix(figures, refresh=now)

    def close(self, bar: Any, leave: bool) -> None:
        bar.leave = bar.leave or leave
        bar.close()

    def print(self, *args: Any, **kwargs: Any) -> None:
        tqdm.write(str(kwargs.get("sep", " ")).join(map(str, args)), end=kwargs.get("end", "\n"))
