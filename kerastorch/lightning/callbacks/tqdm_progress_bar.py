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


class TQDMProgressBar(Bars):
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
        super().__init__(refresh_rate, leave)
        self.process_position = process_position

    def open(self, name: str, total: int | None, inner: bool = False) -> Any:
        place = self.process_position + (inner and self.bar is not None)
        return tqdm(desc=name, total=total, position=place, dynamic_ncols=True, file=sys.stdout, mininterval=0.1)

    def move(self, bar: Any, done: int) -> bool:
        if done % self.refresh_rate and done != bar.total:
            return False
        bar.update(done - bar.n)
        return bool(bar.last_print_n == done)

    def show(self, bar: Any, figures: dict[str, Any], now: bool = False) -> None:
        bar.set_postfix(figures, refresh=now)

    def close(self, bar: Any, leave: bool) -> None:
        bar.leave = leave
        bar.close()

    def print(self, *args: Any, **kwargs: Any) -> None:
        tqdm.write(str(kwargs.get("sep", " ")).join(map(str, args)), end=kwargs.get("end", "\n"))
