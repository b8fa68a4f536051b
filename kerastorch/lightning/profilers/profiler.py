"""The base class of profilers, and the one that does nothing."""

from __future__ import annotations

import functools
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any


class Profiler(ABC):
    """Takes the measure of named actions. A Trainer names its own; modules may name more.

    The actions of a Trainer: "run_training_epoch", "run_training_batch", "[_TrainingEpochLoop].train_dataloader_next"
    (and "[_EvaluationLoop].val_next" and so on), "[Strategy]<strategy>.training_step", ".backward" and
    ".validation_step", "[LightningModule]<class>.optimizer_step", "save_checkpoint", and for each hook that is
    overridden "[LightningModule]<class>.<hook>", "[LightningDataModule]<class>.<hook>" or "[Callback]<key>.<hook>".

    Args:
        dirpath: The folder of its file; default that of the Trainer's logs.
        filename: The name of its file, without ".txt"; None: the summary is printed.

    Example:
        >>> class Counting(Profiler):
        ...     count = 0
        ...     def start(self, action_name):
        ...         self.count += 1
        ...     def stop(self, action_name): ...
        >>> profiler = Counting()
        >>> with profiler.profile("load"):
        ...     profiler.count
        1
    """

    _lightning_module: Any = None

    def __init__(self, dirpath: Any = None, filename: str | None = None) -> None:
        self.dirpath, self.filename = dirpath, filename
        self._stage: str | None = None
        self._local_rank: int | None = None

    @abstractmethod
    def start(self, action_name: str) -> None:
        """An action begins."""

    @abstractmethod
    def stop(self, action_name: str) -> None:
        """An action is over."""

    def summary(self) -> str:
        """What was measured, as a text."""
        return ""

    @contextmanager
    def profile(self, action_name: str) -> Iterator[str]:
        """Within it an action is measured.

        Args:
            action_name: Its name.
        """
        self.start(action_name)
        try:
            yield action_name
        finally:
            self.stop(action_name)

    def describe(self) -> None:
        """Write the summary into the file, or print it, and forget what was measured for this run."""
        text = self.summary()
        if text and self.filename and self.dirpath:
            os.makedirs(self.dirpath, exist_ok=True)
            with open(os.path.join(self.dirpath, self._file_name(".txt")), "a", encoding="utf-8") as file:
                file.write(text)
        elif text and self.local_rank == 0:
            print(text)
        self.teardown(self._stage)

    def setup(self, stage: str, local_rank: int | None = None, log_dir: Any = None) -> None:
        """A run begins.

        Args:
            stage: "fit", "validate", "test" or "predict".
            local_rank: Which process of this machine this is; None where there is one.
            log_dir: The folder where none was given.
        """
        self._stage, self._local_rank, self.dirpath = stage, local_rank, self.dirpath or log_dir

    def teardown(self, stage: str | None) -> None:  # noqa: B027 - a door: most have nothing to do
        """A run is over."""

    @property
    def local_rank(self) -> int:
        """Which process of this machine this is."""
        return self._local_rank or 0

    def _file_name(self, extension: str, action: str | None = None) -> str:
        rank = None if self._local_rank is None else str(self._local_rank)
        parts = [part for part in (self._stage, self.filename, rank, action) if part]
        return (re.sub(r"[\\/:*?\"<>|\s_]+", "_", "-".join(parts)).strip("_") or "profile") + extension

    def _heading(self) -> str:
        return f"{self._stage.upper()} Profiler Report" if self._stage else "Profiler Report"


class PassThroughProfiler(Profiler):
    """Measures nothing: what a Trainer has without `profiler=`.

    Example:
        >>> with PassThroughProfiler().profile("anything") as name:
        ...     name
        'anything'
    """

    def start(self, action_name: str) -> None:
        pass

    def stop(self, action_name: str) -> None:
        pass

    def profile(self, action_name: str) -> AbstractContextManager[str]:  # type: ignore[override]
        return nullcontext(action_name)

    def setup(self, stage: str, local_rank: int | None = None, log_dir: Any = None) -> None:
        pass


def profiled(profiler: Profiler, action: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is measured; the function itself where nothing is.

    Args:
        profiler: The profiler.
        action: What the function is called there.
        function: The function.

    Example:
        >>> profiled(PassThroughProfiler(), "length", len) is len
        True
    """
    if isinstance(profiler, PassThroughProfiler):
        return function

    @functools.wraps(function)
    def measured(*args: Any, **kwargs: Any) -> Any:
        with profiler.profile(action):
            return function(*args, **kwargs)

    return measured


class Profiled:
    """A callable object that is measured, with the attributes that it has.

    Args:
        profiler: The profiler.
        action: What its calls are called there.
        thing: The object.
    """

    def __init__(self, profiler: Profiler, action: str, thing: Any) -> None:
        self._thing, self._call = thing, profiled(profiler, action, thing.__call__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._thing, name)

    def __call__(self, *args: Any) -> Any:
        return self._call(*args)
