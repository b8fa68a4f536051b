"""`RichProgressBar`: how far a run is, drawn by rich."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from kerastorch.base import errors
from kerastorch.lightning.callbacks.bars import Bars


@dataclass
class RichProgressBarTheme:
    """The styles of a bar's parts, in the words of rich.

    Attributes:
        description: Of what stands before the bar.
        progress_bar: Of the bar.
        progress_bar_finished: Of a bar that has come to its end.
        progress_bar_pulse: Of a bar whose end is not known.
        batch_progress: Of the counted batches.
        time: Of the time that has passed and that is left.
        processing_speed: Of the batches a second.
        metrics: Of the figures.
        metrics_text_delimiter: What stands between two figures.
        metrics_format: How a figure is written.

    Example:
        >>> RichProgressBarTheme(progress_bar="green").metrics_format
        '.3f'
    """

    description: Any = ""
    progress_bar: Any = "#6206E0"
    progress_bar_finished: Any = "#6206E0"
    progress_bar_pulse: Any = "#6206E0"
    batch_progress: Any = ""
    time: Any = "dim"
    processing_speed: Any = "dim underline"
    metrics: Any = "italic"
    metrics_text_delimiter: str = " "
    metrics_format: str = ".3f"


class RichProgressBar(Bars):
    """A bar for the epoch of training and one for each other pass, with the figures logged with `prog_bar=True`.

    Args:
        refresh_rate: How often in a second it is drawn, 10 at the most; 0 for no bar.
        leave: Whether the bars of past epochs stay.
        theme: A `RichProgressBarTheme`, or a dict of some of its attributes.
        console_kwargs: Arguments of `rich.console.Console`.

    Raises:
        TypeError: `theme` names something else.

    Example:
        >>> RichProgressBar(theme={"progress_bar": "green"}).theme.progress_bar
        'green'
    """

    def __init__(
        self,
        refresh_rate: int = 100,
        leave: bool = False,
        theme: RichProgressBarTheme | Mapping[str, Any] | None = None,
        console_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(refresh_rate, leave)
        if not isinstance(theme, RichProgressBarTheme):
            known, given = [field.name for field in fields(RichProgressBarTheme)], dict(theme or {})
            unknown = [name for name in given if name not in known]
            if unknown:
                raise errors.unexpected_keywords("`theme` of RichProgressBar", unknown, known)
            theme = RichProgressBarTheme(**given)
        self.theme, self.console_kwargs = theme, dict(console_kwargs or {})
        self.progress: Progress | None = None
        self._drawn = 0.0

    def configure_columns(self, trainer: Any) -> list[Any]:
        """The columns of rich that make a bar; override it to show others."""
        theme = self.theme
        return [
            TextColumn("{task.description}", style=theme.description, table_column=Column(no_wrap=True)),
            BarColumn(None, theme.progress_bar, theme.progress_bar, theme.progress_bar_finished,
                      theme.progress_bar_pulse),
            _Column(_batches, theme.batch_progress),
            _Column(_times, theme.time),
            _Column(_speed, theme.processing_speed),
        ]  # fmt: skip

    def open(self, name: str, total: int | None, inner: bool = False) -> Any:
        if self.progress is None:
            figures = TextColumn("{task.fields[figures]}", style=self.theme.metrics, markup=False)
            # Drawn by the run itself: a thread would draw figures that are not there yet.
            self.progress = Progress(
                *self.configure_columns(self.trainer), figures, auto_refresh=False, expand=True,
                console=Console(**self.console_kwargs),
            )  # fmt: skip
            self.progress.start()
        task = self.progress.add_task(name, total=total, figures="")
        self.progress.refresh()
        return task

    def move(self, bar: Any, done: int) -> bool:
        assert self.progress is not None
        self.progress.update(bar, completed=done)
        now = time.monotonic()
        if now - self._drawn < max(0.1, 1 / self.refresh_rate):
            return False
        self._drawn = now
        self.progress.refresh()
        return True

    def show(self, bar: Any, figures: dict[str, Any], now: bool = False) -> None:
        assert self.progress is not None
        style = self.theme.metrics_format
        texts = (f"{k}: {v if isinstance(v, (str, int)) else format(v, style)}" for k, v in figures.items())
        self.progress.update(bar, figures=self.theme.metrics_text_delimiter.join(texts), refresh=now)

    def close(self, bar: Any, leave: bool) -> None:
        assert self.progress is not None
        if not leave:
            self.progress.remove_task(bar)
        if self.bar is None:  # else this was the inner one
            self.progress.stop()
            self.progress = None

    def print(self, *args: Any, **kwargs: Any) -> None:
        console = Console(**self.console_kwargs) if self.progress is None else self.progress.console
        console.print(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "progress": None}


class _Column(ProgressColumn):
    """A column of text.

    Args:
        tell: Task -> text.
        style: Its style.
    """

    def __init__(self, tell: Any, style: Any) -> None:
        super().__init__(Column(no_wrap=True))
        self.tell, self.style = tell, style

    def render(self, task: Task) -> Text:
        return Text(self.tell(task), style=self.style)


def _batches(task: Task) -> str:
    return f"{int(task.completed)}/{'--' if task.total is None else int(task.total)}"


def _times(task: Task) -> str:
    times = (task.finished_time if task.finished else task.elapsed, task.time_remaining)
    return " • ".join("-:--:--" if one is None else str(timedelta(seconds=int(one))) for one in times)


def _speed(task: Task) -> str:
    return f"{task.finished_speed or task.speed or 0.0:.2f}it/s"
