"""Loggers that keep checkpoints too."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import Any

from torch import Tensor

from kerastorch.lightning.loggers.common import ServiceLogger

_TOLD = ("monitor", "mode", "save_last", "save_top_k", "save_weights_only")


class ModelLogger(ServiceLogger):
    """A logger that keeps the checkpoints of a `ModelCheckpoint`.

    Attributes:
        log_model: Whether it does: "all" as they are written, True when the run ends (with `save_top_k=-1` as they
            are written).
    """

    log_model: bool | str = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: dict[int, Any] = {}  # callbacks whose checkpoints are kept at the end
        self._seen: dict[str, float] = {}  # path -> when the file was written that is kept

    @abstractmethod
    def keep_checkpoint(self, path: str, metadata: dict[str, Any], aliases: list[str], kind: str) -> None:
        """Keep a file.

        Args:
            path: The file.
            metadata: Its score, its name, and the arguments of the callback.
            aliases: "latest", and "best" where it is.
            kind: The class of the callback.
        """

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        if self.log_model == "all" or (self.log_model and checkpoint_callback.save_top_k == -1):
            self._keep_new(checkpoint_callback)
        elif self.log_model:
            self._waiting[id(checkpoint_callback)] = checkpoint_callback

    def _keep_waiting(self) -> None:
        for saving in self._waiting.values():
            self._keep_new(saving)

    def _keep_new(self, saving: Any) -> None:
        """Keep those files that are new, or were written anew, the oldest first."""
        scores = {saving.last_model_path: saving.current_score, saving.best_model_path: saving.best_model_score}
        scores.update(saving.best_k_models)
        there = sorted((os.path.getmtime(path), path) for path in scores if os.path.isfile(path))
        for when, path in there:
            if self._seen.get(path, -1.0) >= when:
                continue
            score = scores[path]
            metadata = {
                "score": score.item() if isinstance(score, Tensor) else score,
                "original_filename": os.path.basename(path),
                "arguments": {name: getattr(saving, name) for name in _TOLD},
            }
            best = path == saving.best_model_path
            self.keep_checkpoint(path, metadata, ["latest", "best"] if best else ["latest"], type(saving).__name__)
            self._seen[path] = when
