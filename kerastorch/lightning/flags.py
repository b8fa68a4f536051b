"""The flags of a Trainer as its attributes."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from kerastorch.lightning import older_flags
from kerastorch.lightning.arguments import FromArguments
from kerastorch.lightning.options import Options


class Flag:
    """A flag that can be read, and set: a new value is checked at once and holds from the next run on."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, trainer: Any, owner: type | None = None) -> Any:
        return self if trainer is None else getattr(trainer.options, self.name)

    def __set__(self, trainer: Any, value: Any) -> None:
        set_flag(trainer, self.name, value)


def set_flag(trainer: Any, name: str, value: Any) -> None:
    """Change a flag from the next run on.

    Raises:
        ValueError: The value is wrong, or contradicts another flag.
    """
    changed = replace(trainer.options, **{name: value})
    changed.check()
    trainer.options = changed


class Flags(FromArguments):
    """What `Trainer(...)` was told, see there.

    Example:
        >>> from kerastorch.lightning import Trainer
        >>> trainer = Trainer(max_epochs=1, logger=False, enable_checkpointing=False)
        >>> trainer.limit_val_batches = 0.5
        >>> trainer.limit_val_batches, trainer.gradient_clip_val
        (0.5, None)
    """

    options: Options

    fast_dev_run = Flag()
    min_epochs = Flag()
    max_steps = Flag()
    min_steps = Flag()
    limit_train_batches = Flag()
    limit_val_batches = Flag()
    limit_test_batches = Flag()
    limit_predict_batches = Flag()
    overfit_batches = Flag()
    val_check_interval = Flag()
    check_val_every_n_epoch = Flag()
    num_sanity_val_steps = Flag()
    log_every_n_steps = Flag()
    reload_dataloaders_every_n_epochs = Flag()
    gradient_clip_val = Flag()
    gradient_clip_algorithm = Flag()
    num_nodes = Flag()
    barebones = Flag()
    enable_autolog_hparams = Flag()

    @classmethod
    def known_arguments(cls) -> dict[str, Any]:
        """The flags and their defaults, those of earlier years too."""
        older = {*older_flags.RENAMED, *older_flags.TURNED, *older_flags.NEEDLESS, *older_flags.REFUSED}
        return {**dict.fromkeys(sorted(older)), **{one.name: one.default for one in fields(Options)}}

    @property
    def max_epochs(self) -> int:
        """The epoch to end before."""
        return self.options.epochs

    @max_epochs.setter
    def max_epochs(self, value: int) -> None:
        set_flag(self, "max_epochs", value)

    @property
    def fit_loop(self) -> Any:
        """Where Lightning's users set `max_epochs` before a second `fit`: the Trainer itself."""
        return self

    @property
    def precision(self) -> str:
        """The numbers that are computed with: "32-true", "16-mixed", ..."""
        name = self.options.precision or "32-true"
        return {"32": "32-true", "64": "64-true", "16": "16-mixed", "bf16": "bf16-mixed"}.get(str(name), str(name))
