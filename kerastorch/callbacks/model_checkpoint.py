"""Saving the model as it trains: `keras.callbacks.ModelCheckpoint`."""

from __future__ import annotations

import os
import string
import warnings
from collections.abc import Collection
from typing import Any

import numpy as np

from kerastorch.base import errors, registry
from kerastorch.base.sharded import first_decides, writes
from kerastorch.callbacks import console
from kerastorch.callbacks.callback import Logs
from kerastorch.callbacks.checkpointing import save_run
from kerastorch.callbacks.monitor_callback import MonitorCallback


@registry.register("callbacks")
class ModelCheckpoint(MonitorCallback):
    """Saves the model or its weights at the end of epochs, or every so many batches.

    Args:
        filepath: The file, ending in ".weights.h5" (weights only), ".keras" or ".h5" (whole model); or a folder,
            ending in ".ckpt", for the whole run, which `fit(resume=...)` goes on from. It may contain `{epoch}`,
            `{batch}` (both counted from 1) and names of the logs, with formats: "{epoch:02d}-{val_loss:.2f}.keras".
        monitor: The value that says which model is the best.
        verbose: 1 prints each decision.
        save_best_only: Whether only models that are better than all before are saved.
        save_weights_only: Whether `model.save_weights` is called instead of `model.save`.
        mode: "min", "max", or "auto" (from the metric).
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: The first best value: a model must be better than this to be saved.

    Raises:
        ValueError: The file's ending or another argument does not fit.

    Example:
        >>> from types import SimpleNamespace
        >>> checkpoint = ModelCheckpoint("{epoch}.weights.h5", "loss", save_best_only=True, save_weights_only=True)
        >>> checkpoint.set_model(SimpleNamespace(save_weights=lambda path, overwrite: print("saved", path)))
        >>> for epoch, loss in enumerate([0.5, 0.7, 0.4]):
        ...     checkpoint.on_epoch_end(epoch, {"loss": loss})
        saved 1.weights.h5
        saved 3.weights.h5
    """

    rank_zero_only = True
    gathers = True

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._epoch = 0
        self._batches_since_saving = 0
        self._last_batch = -1
        self._check_arguments()
        if self._keeps_run:  # each rank writes its own part, after the other callbacks
            self.rank_zero_only, self.acts_last, self.agrees_itself = False, True, True

    @property
    def _keeps_run(self) -> bool:
        return self.filepath.endswith(".ckpt") and not self.save_weights_only

    def _check_arguments(self) -> None:
        freq = self.save_freq
        if freq != "epoch" and (isinstance(freq, bool) or not isinstance(freq, int) or freq < 1):
            raise errors.value_error(
                "`save_freq` of ModelCheckpoint", expected="'epoch' or a number of batches >= 1", received=freq
            )
        endings = (".weights.h5",) if self.save_weights_only else (".keras", ".h5", ".ckpt")
        if not self.filepath.endswith(endings):
            raise errors.value_error(
                f"`filepath` of ModelCheckpoint with save_weights_only={self.save_weights_only}",
                expected=f"a name ending in {' or '.join(endings)}",
                received=self.filepath,
            )

    def validate_monitors(self, available: Collection[str]) -> None:
        """Refuse names that will not exist: the monitored one, and those in `filepath`."""
        by_batch = self.save_freq != "epoch"
        names = [name for name in available if not (by_batch and name.startswith("val_"))]
        if self.save_best_only:
            super().validate_monitors(names)
        known = [*names, "epoch", *(["batch"] if by_batch else [])]
        for _, field, _, _ in string.Formatter().parse(self.filepath):
            if field is not None:
                self.refuse_unknown(field.partition(".")[0].partition("[")[0], known, "`filepath`")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        # Batches may be reported several at a time; a lower index than the last one begins a new epoch.
        self._batches_since_saving += batch - self._last_batch if batch > self._last_batch else batch + 1
        self._last_batch = batch
        if self._batches_since_saving >= int(self.save_freq):
            self._batches_since_saving = 0
            self._consider(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._consider(epoch, None, logs or {})

    def _consider(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = first_decides(self.model, lambda: self._due(epoch, batch, logs))
        if path is not None:
            self._save(path)
            if self._first:
                self._say(epoch, f"finished saving model to {path}")

    def _due(self, epoch: int, batch: int | None, logs: Logs) -> str | None:
        """Where to save now, or None."""
        path = self._path(epoch, batch, logs)
        if self.save_best_only and not self._is_best(epoch, logs, path):
            return None
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
        return path

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        numbers = {"epoch": epoch + 1} if batch is None else {"epoch": epoch + 1, "batch": batch + 1}
        try:
            return self.filepath.format(**{**numbers, **logs})
        except KeyError as error:
            raise KeyError(
                errors.message(
                    f"`filepath` of ModelCheckpoint, {self.filepath!r}",
                    expected=f"names of this epoch's values ({', '.join([*numbers, *logs])})",
                    received=errors.Said(str(error)),
                )
            ) from error

    def _is_best(self, epoch: int, logs: Logs, path: str) -> bool:
        current: Any = self.monitored(logs)
        if current is None:
            return not self._will_come  # nothing to compare with: save; but an epoch between two validations waits
        if np.ndim(current) > 0:
            came = errors.describe(current)
            warnings.warn(f"ModelCheckpoint compares scalars; {self.monitor!r} is {came}.", stacklevel=2)
            return True
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self.is_improvement(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {before}")
            return False
        self._say(epoch, f"{self.monitor} improved from {before} to {current:.5f}, saving model to {path}")
        self.best = current
        return True

    @property
    def _first(self) -> bool:
        """Whether this is the rank that tells what is done."""
        run = self.model._resumable if self._keeps_run else None
        return writes(self.model) if run is None else run.step.plan.strategy.rank == 0

    def _save(self, path: str) -> None:
        if self._keeps_run:
            save_run(self.model._resumable, path)
            return
        if os.path.isdir(path):
            came = errors.Said(f"the folder {path!r}")
            raise IsADirectoryError(errors.message("`filepath` of ModelCheckpoint", expected="a file", received=came))
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path, overwrite=True)

    def _say(self, epoch: int, what: str) -> None:
        if self.verbose > 0 and self._first:
            console.write(f"\nEpoch {epoch + 1}: {what}\n")
