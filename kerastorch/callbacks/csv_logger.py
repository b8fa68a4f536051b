"""Epoch results as a CSV file: `keras.callbacks.CSVLogger`."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any

from kerastorch.base import errors, registry
from kerastorch.callbacks.callback import Callback, Logs


@registry.register("callbacks")
class CSVLogger(Callback):
    """Writes one line an epoch: the epoch's index and the values, names sorted.

    The columns are those of the first epoch (with "val_" columns, whether or not it was validated); a value that is
    missing later is "NA". The file is opened for each line, so that it is whole after every epoch.

    Args:
        filename: The file; folders are made.
        separator: What stands between two values, one character.
        append: Whether to add to an existing file, without a second header.

    Raises:
        ValueError: `separator` is not one character.

    Example:
        >>> CSVLogger("training.csv", append=True).filename
        'training.csv'
    """

    rank_zero_only = True

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        if not isinstance(separator, str) or len(separator) != 1:
            raise errors.value_error("`separator` of CSVLogger", expected="one character", received=separator)
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self._empties = self._goes_on = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.keys, self._empties, self._goes_on = None, not self.append, False
        os.makedirs(os.path.dirname(self.filename) or ".", exist_ok=True)
        with open(self.filename, "a", newline="", encoding="utf-8"):
            pass

    def state_dict(self) -> dict[str, Any]:
        return {"keys": self.keys}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self._empties, self._goes_on = False, True

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        kept = self._lines_before(epoch) if self._goes_on else []
        with open(self.filename, "w" if self._empties or self._goes_on else "a", newline="", encoding="utf-8") as file:
            file.writelines(kept)
            self._empties = self._goes_on = False
            writer = csv.writer(file, delimiter=self.sep)
            self.keys = self.keys or _columns(logs)
            if file.tell() == 0:
                writer.writerow(["epoch", *self.keys])
            writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])

    def _lines_before(self, epoch: int) -> list[str]:
        """The file without the epochs that a run, cut after its last checkpoint, had written and now repeats."""
        with open(self.filename, newline="", encoding="utf-8") as file:
            lines = file.readlines()
        while lines and _number(lines[-1], self.sep) >= epoch:
            lines.pop()
        return lines


def _number(line: str, separator: str) -> int:
    """The epoch of a line, or -1."""
    first = line.partition(separator)[0]
    return int(first) if first.isdigit() else -1


def _columns(logs: Logs) -> list[str]:
    keys = sorted(logs)
    validated = any(key.startswith("val_") for key in keys)
    return keys if validated else [*keys, *(f"val_{key}" for key in keys)]


def _cell(value: Any) -> Any:
    single = getattr(value, "ndim", 1) == 0  # arrays and tensors without dimensions count as iterable, too
    if single or isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return f'"[{", ".join(map(str, value))}]"'
