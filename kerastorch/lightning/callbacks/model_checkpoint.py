"""`ModelCheckpoint`: checkpoints of a fit, of which the best or the last are kept."""

from __future__ import annotations

import math
import os
import re
import time
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.lightning.callbacks.checkpoint import Checkpoint


class ModelCheckpoint(Checkpoint):
    """Saves checkpoints while a module is fitted.

    Args:
        dirpath: The folder; default "checkpoints" in that of the logger.
        filename: Names of figures in braces, as in "{epoch}-{val_loss:.2f}"; default "{epoch}-{step}".
        monitor: The figure that tells which are best; None keeps the last.
        verbose: Whether it says what it saves.
        save_last: Whether a copy of each is also called "last.ckpt"; "link" for a link.
        save_top_k: How many are kept; -1 for all, 0 for none.
        save_on_exception: Whether an error or interrupt is a reason to save.
        save_weights_only: Whether optimizers and callbacks are left out.
        mode: Whether less of the figure is better, "min", or more, "max".
        auto_insert_metric_name: Whether "{val_loss}" becomes "val_loss=0.1".
        every_n_train_steps: Updates between two.
        train_time_interval: Time between two.
        every_n_epochs: Epochs between two; default 1 where nothing else is said.
        save_on_train_epoch_end: Whether that is at the end of epochs, not of validations.
        enable_version_counter: Whether a name that is taken gets "-v1" and so on.

    Raises:
        ValueError: Arguments are wrong or contradict each other.

    Example:
        >>> ModelCheckpoint(filename="{epoch}-{val_loss:.2f}").format_checkpoint_name({"epoch": 2, "val_loss": 0.123})
        'epoch=2-val_loss=0.12.ckpt'
    """

    CHECKPOINT_NAME_LAST = "last"
    FILE_EXTENSION = ".ckpt"
    monitors = True

    def __init__(
        self,
        dirpath: Any = None,
        filename: str | None = None,
        monitor: str | None = None,
        verbose: bool = False,
        save_last: bool | str | None = None,
        save_top_k: int = 1,
        save_on_exception: bool = False,
        save_weights_only: bool = False,
        mode: str = "min",
        auto_insert_metric_name: bool = True,
        every_n_train_steps: int | None = None,
        train_time_interval: timedelta | None = None,
        every_n_epochs: int | None = None,
        save_on_train_epoch_end: bool | None = None,
        enable_version_counter: bool = True,
    ) -> None:
        triggers = (every_n_train_steps, train_time_interval, every_n_epochs)
        _check(mode, monitor, save_top_k, triggers)
        self.dirpath = None if dirpath is None else os.path.realpath(os.path.expanduser(dirpath))
        self.filename, self.monitor, self.verbose, self.save_last = filename, monitor, verbose, save_last
        self.save_top_k, self.save_on_exception, self.save_weights_only = (
            save_top_k,
            save_on_exception,
            save_weights_only,
        )
        self.mode, self.auto_insert_metric_name = mode, auto_insert_metric_name
        self.every_n_train_steps, self.train_time_interval = every_n_train_steps or 0, train_time_interval
        self.every_n_epochs = 1 if triggers == (None, None, None) else every_n_epochs or 0
        self.save_on_train_epoch_end, self.enable_version_counter = save_on_train_epoch_end, enable_version_counter
        self.current_score: Tensor | None = None
        self.best_model_score: Tensor | None = None
        self.best_k_models: dict[str, Tensor] = {}
        self.best_model_path = self.last_model_path = self.kth_best_model_path = ""
        self.kth_value = torch.tensor(math.inf if mode == "min" else -math.inf)
        self._saved_step = 0  # nothing to save before an update
        self._waits = False  # whether a save is due when the next validation has told the figure
        self._checked = 0.0

    @property
    def state_key(self) -> str:
        names = ("monitor", "mode", "every_n_train_steps", "every_n_epochs", "train_time_interval")
        return self._key(**{name: getattr(self, name) for name in names})

    def state_dict(self) -> dict[str, Any]:
        names = (
            *("monitor", "best_model_score", "best_model_path", "current_score", "dirpath", "best_k_models"),
            *("kth_best_model_path", "kth_value", "last_model_path"),
        )
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        same_folder = state_dict["dirpath"] == self.dirpath
        names = ["best_model_path", "best_model_score"]
        if same_folder:
            names += ["current_score", "best_k_models", "kth_best_model_path", "kth_value", "last_model_path"]
        self.__dict__.update({name: state_dict[name] for name in names if name in state_dict})

    # -- when -------------------------------------------------------------------------------------------------------

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if self.dirpath is None:
            self.dirpath = trainer.plan.strategy.agree(_folder(trainer) if trainer.is_global_zero else None)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._checked = time.monotonic()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        due = self.every_n_train_steps and trainer.global_step % self.every_n_train_steps == 0
        if self.train_time_interval is not None:
            now = time.monotonic()
            due = trainer.plan.strategy.agree(now - self._checked >= self.train_time_interval.total_seconds())
            self._checked = now if due else self._checked
        if not due:
            return
        if self.monitor is not None and self.monitor not in trainer.callback_metrics:
            self._waits = True
        elif not self._over(trainer):
            self._save(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if self._at_epochs(trainer) and self._epoch_due(trainer) and not self._over(trainer):
            self._save(trainer)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.state.fn != "fit" or trainer.sanity_checking or self._at_epochs(trainer) or self._over(trainer):
            return
        if self._waits or self._epoch_due(trainer):
            self._waits = False
            self._save(trainer)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if self.save_on_exception and trainer.state.fn == "fit" and not self._over(trainer):
            self._write(trainer, self.format_checkpoint_name(self._figures(trainer)))

    def _over(self, trainer: Any) -> bool:
        return trainer.fast_dev_run or self._saved_step == trainer.global_step  # type: ignore[no-any-return]

    def _epoch_due(self, trainer: Any) -> bool:
        return self.every_n_epochs >= 1 and (trainer.current_epoch + 1) % self.every_n_epochs == 0

    def _at_epochs(self, trainer: Any) -> bool:
        if self.save_on_train_epoch_end is not None:
            return self.save_on_train_epoch_end
        options = trainer.options
        if options.check_val_every_n_epoch != 1:
            return False
        return not trainer.num_val_batches or options.val_check_interval == 1.0

    # -- what -------------------------------------------------------------------------------------------------------

    def _figures(self, trainer: Any) -> dict[str, Any]:
        return {**trainer.callback_metrics, "epoch": trainer.current_epoch, "step": trainer.global_step}

    def _save(self, trainer: Any) -> None:
        figures = self._figures(trainer)
        if self.save_top_k != 0:
            if self.monitor is None:
                self._save_newest(trainer, figures)
            else:
                if self.monitor not in figures:
                    self._refuse(trainer)
                self._save_best(trainer, figures, figures[self.monitor])
        if self.save_last and (self._saved_step == trainer.global_step or self.save_top_k == 0):
            self._save_as_last(trainer, figures)

    def _refuse(self, trainer: Any) -> None:
        known = [*trainer.callback_metrics]
        raise errors.unknown_name("`monitor` of ModelCheckpoint among the logged figures", self.monitor, known)

    def _save_newest(self, trainer: Any, figures: dict[str, Any]) -> None:
        path = self._free(figures, self.best_model_path)
        before, self.best_model_path = self.best_model_path, path
        self._write(trainer, path)
        if self.save_top_k == 1 and before and before != path:
            self._remove(trainer, before)

    def _save_best(self, trainer: Any, figures: dict[str, Any], current: Tensor) -> None:
        worst = math.inf if self.mode == "min" else -math.inf
        current = torch.where(current.isnan(), worst, current).cpu()
        held, least = self.best_k_models, self.mode == "min"
        full = len(held) == self.save_top_k
        if full and not (
            current < held[self.kth_best_model_path] if least else current > held[self.kth_best_model_path]
        ):
            return
        dropped = self.kth_best_model_path if full else None
        if dropped is not None:
            del held[dropped]
        path = self._free(figures, dropped)
        self.current_score = held[path] = current
        order = sorted(held, key=lambda one: float(held[one]), reverse=not least)
        self.best_model_path, self.best_model_score = order[0], held[order[0]]
        if len(held) == self.save_top_k or self.save_top_k == -1:
            self.kth_best_model_path, self.kth_value = order[-1], held[order[-1]]
        self._write(trainer, path)
        if dropped is not None and dropped != path:
            self._remove(trainer, dropped)

    def _save_as_last(self, trainer: Any, figures: dict[str, Any]) -> None:
        newest = self.best_model_path if self.monitor is None else next(reversed(self.best_k_models), "")
        path = self._free(figures, self.last_model_path, self.CHECKPOINT_NAME_LAST)
        before, self.last_model_path = self.last_model_path, path
        if self.save_last == "link" and newest and trainer.is_global_zero:
            if os.path.lexists(path):
                os.remove(path)
            os.symlink(os.path.relpath(newest, os.path.dirname(path)), path)
        else:
            self._write(trainer, path)
        if before and before != path:
            self._remove(trainer, before)

    def _write(self, trainer: Any, path: str) -> None:
        self._saved_step = trainer.global_step
        trainer.save_checkpoint(path, self.save_weights_only)
        for logger in trainer.loggers if trainer.is_global_zero else ():
            getattr(logger, "after_save_checkpoint", lambda saving: None)(self)
        if self.verbose:
            trainer.print(f"Epoch {trainer.current_epoch}, step {trainer.global_step}: saved {path}")

    def _remove(self, trainer: Any, path: str) -> None:
        own = os.path.dirname(os.path.realpath(path)) == os.path.realpath(self.dirpath or "")
        if trainer.is_global_zero and own and os.path.lexists(path):
            os.remove(path)

    def _free(self, figures: dict[str, Any], replaced: str | None, name: str | None = None) -> str:
        """A name that no file has, but for the one that will be replaced."""
        path, number = self.format_checkpoint_name(figures, name), 0
        while self.enable_version_counter and os.path.lexists(path) and path != replaced:
            number += 1
            path = self.format_checkpoint_name(figures, name, number)
        return path

    def format_checkpoint_name(
        self, metrics: dict[str, Any], filename: str | None = None, ver: int | None = None
    ) -> str:
        """The path of a checkpoint.

        Args:
            metrics: The figures by name, with "epoch" and "step".
            filename: The pattern; default the own.
            ver: The number after "-v".
        """

        def put(found: re.Match[str]) -> str:
            value = metrics.get(found[1], 0)
            text = format(value.item() if isinstance(value, Tensor) else value, (found[2] or ":")[1:])
            return f"{found[1]}={text}" if self.auto_insert_metric_name else text

        name = re.sub(r"\{([^:}]*)(:[^}]*)?\}", put, filename or self.filename or "{epoch}-{step}")
        name += self.FILE_EXTENSION if ver is None else f"-v{ver}{self.FILE_EXTENSION}"
        return os.path.join(self.dirpath, name) if self.dirpath else name


def _folder(trainer: Any) -> str:
    """ "checkpoints" in the folder of the first logger's run."""
    logger = trainer.logger
    if logger is None:
        return os.path.join(trainer.default_root_dir, "checkpoints")
    version = logger.version if isinstance(logger.version, str) else f"version_{logger.version}"
    return os.path.join(logger.save_dir or trainer.default_root_dir, str(logger.name), version, "checkpoints")


def _check(mode: str, monitor: str | None, save_top_k: int, triggers: tuple[Any, Any, Any]) -> None:
    if mode not in ("min", "max"):
        raise errors.unknown_name("`mode` of ModelCheckpoint", mode, ["min", "max"])
    if save_top_k < -1 or (monitor is None and save_top_k > 1):
        raise errors.value_error(
            "`save_top_k` of ModelCheckpoint",
            expected="-1, 0 or more" if monitor else "-1, 0 or 1 without a `monitor`",
            received=save_top_k,
        )
    if sum(bool(one) for one in triggers) > 1:
        raise errors.value_error(
            "ModelCheckpoint",
            expected="one of `every_n_train_steps`, `train_time_interval` and `every_n_epochs`",
            received=triggers,
        )
    for value in (triggers[0], triggers[2]):
        if value is not None and value < 0:
            raise errors.value_error("`every_n_...` of ModelCheckpoint", expected="an integer >= 0", received=value)
