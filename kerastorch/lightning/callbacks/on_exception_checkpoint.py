"""`OnExceptionCheckpoint`: a checkpoint when a run ends by an error."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from kerastorch.base import errors
from kerastorch.lightning.callbacks.checkpoint import Checkpoint


class OnExceptionCheckpoint(Checkpoint):
    """Saves a checkpoint when a fit ends by an error or an interrupt; a later run that ends well removes it.

    Args:
        dirpath: The folder.
        filename: The file's name without its ending.

    Raises:
        ValueError: `filename` is empty.

    Example:
        >>> OnExceptionCheckpoint("runs").ckpt_path == os.path.join("runs", "on_exception.ckpt")
        True
    """

    FILE_EXTENSION = ".ckpt"

    def __init__(self, dirpath: Any, filename: str = "on_exception") -> None:
        if not filename:
            raise errors.value_error("`filename` of OnExceptionCheckpoint", expected="a name", received=filename)
        self.dirpath, self.filename = os.fspath(dirpath), filename

    @property
    def ckpt_path(self) -> str:
        """The file."""
        return os.path.join(self.dirpath, self.filename + self.FILE_EXTENSION)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if trainer.fitting is not None:
            trainer.save_checkpoint(self.ckpt_path)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if trainer.is_global_zero:
            with suppress(FileNotFoundError):
                os.remove(self.ckpt_path)
