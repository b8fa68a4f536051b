"""`keras.callbacks.BackupAndRestore`."""

from __future__ import annotations

import os
from typing import Any

from kerastorch.base import registry
from kerastorch.callbacks.checkpointing import Checkpointing


@registry.register("callbacks")
class BackupAndRestore(Checkpointing):
    """Writes checkpoints while training runs; the same script, started again after a cut, goes on from the last one.

    A checkpoint holds the whole run (optimizer, order of samples, random numbers, callbacks, history), so that the
    outcome is that of an uninterrupted run, bit for bit; see `fit(checkpoint_dir=...)`, which keeps the checkpoints.

    Args:
        backup_dir: The folder, of this run alone.
        save_freq: "epoch", or the number of batches between two checkpoints; False: only when a signal ends the run.
        double_checkpoint: Accepted for Keras's sake: a checkpoint is never replaced before the next one is complete.
        delete_checkpoint: Whether the folder is emptied when training is through.

    Raises:
        ValueError: `backup_dir` or `save_freq` is wrong.

    Example:
        >>> BackupAndRestore("backup", save_freq=100).every
        100
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        every = None if save_freq is False else save_freq
        super().__init__(backup_dir, every, "auto", delete=delete_checkpoint)
        self.backup_dir, self.save_freq, self.double_checkpoint = backup_dir, save_freq, double_checkpoint
        self.delete_checkpoint = delete_checkpoint
