"""A run as a table."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from typing import Any

from kerastorch.loggers.logger import Logger
from kerastorch.loggers.settings import plain


class CSVLogger(Logger):
    """Keeps a run as "metrics.csv", with the columns "epoch", "step" and one for each figure, and "hparams.json".

    A line is an epoch ("loss", "val_loss", ...) or an update ("loss_step", ...); what it does not have is empty. The
    file is whole after every epoch. A later run of the same version goes on with it, as does a resumed one.
    (`keras.callbacks.CSVLogger` writes Keras's format: one line an epoch, one file.)

    Args:
        save_dir: See `Logger`.
        name: See `Logger`.
        version: See `Logger`.
        log_every_n_steps: See `Logger`.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> logger = CSVLogger(folder.name)
        >>> logger.log_metrics({"loss": 0.5}, step=1)
        >>> logger.save()
        >>> with open(logger.path) as file:
        ...     print(file.read().split())
        ['epoch,step,loss', ',1,0.5']
        >>> folder.cleanup()
    """

    def __init__(
        self,
        save_dir: str | os.PathLike[str] = "logs",
        name: str = "",
        version: int | str | None = None,
        log_every_n_steps: int = 50,
    ) -> None:
        super().__init__(save_dir, name, version, log_every_n_steps)
        self.hparams: dict[str, Any] = {}
        self._rows: list[dict[str, Any]] = []  # not written yet
        self._columns: list[str] = []  # those of the file

    @property
    def path(self) -> str:
        """The file."""
        return os.path.join(self.log_dir, "metrics.csv")

    @property
    def experiment(self) -> list[dict[str, Any]]:
        """The lines that wait to be written."""
        return self._rows

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self._rows.append({"epoch": None, **metrics, "step": self._at(step)})

    def log_epoch(self, metrics: Mapping[str, float], epoch: int) -> None:
        self._rows.append({**metrics, "epoch": epoch, "step": self.step})

    def log_step(self, metrics: Mapping[str, float], step: int) -> None:
        self.log_metrics({f"{name}_step": value for name, value in metrics.items()}, step)

    def log_hyperparams(self, params: Mapping[str, Any], metrics: Mapping[str, float] | None = None) -> None:
        self.hparams.update({name: plain(value) for name, value in params.items()})
        os.makedirs(self.log_dir, exist_ok=True)
        with open(os.path.join(self.log_dir, "hparams.json"), "w", encoding="utf-8") as file:
            json.dump(self.hparams, file, indent=2, sort_keys=True)
        if metrics is not None:
            self.log_metrics(metrics)

    def save(self) -> None:
        if not self._rows:
            return
        os.makedirs(self.log_dir, exist_ok=True)
        known = self._columns or _header(self.path) or ["epoch", "step"]
        new = [name for name in dict.fromkeys(name for row in self._rows for name in row) if name not in known]
        columns = [*known, *sorted(new)]
        if new or not os.path.exists(self.path):
            _widen(self.path, columns)
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, columns).writerows(self._rows)
        self._columns, self._rows = columns, []

    def finalize(self, status: str = "success") -> None:
        self.save()


def _header(path: str) -> list[str]:
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])


def _widen(path: str, columns: list[str]) -> None:
    """Write the file anew with more columns, first beside it: a run that is cut off here loses nothing."""
    rows: list[dict[str, Any]] = []
    if os.path.exists(path):
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    with open(f"{path}.new", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    os.replace(f"{path}.new", path)
