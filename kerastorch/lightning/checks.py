"""What is wrong with a run is said before it begins."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from kerastorch.base import errors
from kerastorch.lightning.callbacks import Callback
from kerastorch.lightning.callbacks.keras_callbacks import KerasCallbacks, gathered
from kerastorch.lightning.datamodule import LightningDataModule
from kerastorch.lightning.hooks import overridden
from kerastorch.lightning.module import LightningModule

_NEEDED = {
    "fit": ("training_step", "configure_optimizers"),
    "validate": ("validation_step",),
    "test": ("test_step",),
    "predict": (),
}


def check_module(module: Any, stage: str) -> None:
    """Refuse what is no module, or lacks a method that a run needs.

    Raises:
        TypeError: It is, or it does.
    """
    if not isinstance(module, LightningModule):
        raise errors.type_error(
            f"`model` of {stage}",
            expected="a LightningModule",
            received=module,
            remedy="Compile a Keras model and call its `fit`, or wrap it." if isinstance(module, nn.Module) else "",
        )
    for name in _NEEDED[stage]:
        if overridden(module, name, LightningModule) is None:
            raise errors.type_error(
                f"`{stage}` of {type(module).__name__}",
                expected=f"a module with `{name}`",
                received=errors.Said("one without it"),
                remedy=f"Define `def {name}(self{', batch, batch_idx' if name.endswith('_step') else ''})`.",
            )


def data(given: dict[str, Any], datamodule: Any) -> tuple[dict[str, Any], Any]:
    """The dataloaders and the datamodule, which may stand in their place.

    Raises:
        ValueError: Both are given.
        TypeError: The datamodule is none.
    """
    for name, value in given.items():
        if isinstance(value, LightningDataModule):
            given, datamodule = {**given, name: None}, value
    if datamodule is None:
        return given, None
    if not isinstance(datamodule, LightningDataModule):
        raise errors.type_error("`datamodule`", expected="a LightningDataModule", received=datamodule)
    both = [name for name, value in given.items() if value is not None]
    if both:
        raise errors.value_error("`datamodule`", expected="None beside dataloaders", received=datamodule)
    return given, datamodule


def check_fit(trainer: Any, module: Any, old: bool) -> None:
    """Refuse flags that a module cannot be trained with, and data that are missing.

    Raises:
        ValueError: There are such.
    """
    options, manual = trainer.options, not module.automatic_optimization
    if not manual and not old and len(trainer.optimizers) > 1:
        raise errors.value_error(
            "`configure_optimizers`, with automatic optimization",
            expected="one optimizer",
            received=errors.Said(f"{len(trainer.optimizers)}"),
            remedy="Set `self.automatic_optimization = False` and step them in `training_step`.",
        )
    if not trainer.plan.precision.takes_closures and any(isinstance(o, torch.optim.LBFGS) for o in trainer.optimizers):
        raise errors.value_error(
            "`precision` of Trainer, with LBFGS",
            expected='one that scales no loss, as "bf16-mixed"',
            received=trainer.plan.precision.name,
        )
    if manual and not trainer.plan.strategy.in_pieces:
        raise errors.value_error(
            "`strategy` of Trainer, with `automatic_optimization = False`",
            expected='one that keeps whole weights, as "ddp"',
            received=trainer.plan.strategy.name,
        )
    if manual:
        for name, plain in (("gradient_clip_val", None), ("accumulate_grad_batches", 1)):
            if getattr(options, name) not in (plain, 0):
                raise errors.value_error(
                    f"`{name}` of Trainer, with `automatic_optimization = False`",
                    expected=f"{plain}: the module does it itself",
                    received=getattr(options, name),
                )
    if not trainer._has("train"):
        raise errors.value_error(
            "`train_dataloaders` of fit",
            expected="data: a DataLoader, a datamodule, or a method `train_dataloader` of the module",
            received=None,
        )


def check_interval(fit: Any) -> None:
    """Refuse a `val_check_interval` that no epoch reaches.

    Raises:
        ValueError: It is such.
    """
    options, length, every = fit.options, fit.source.num_batches, fit.interval
    reached = length is None or every is None or every <= length
    if fit.validation is not None and options.check_val_every_n_epoch is not None and not reached:
        raise errors.value_error(
            "`val_check_interval` of Trainer",
            expected=f"at most the {length} batches of an epoch",
            received=every,
            remedy="Use `check_val_every_n_epoch=None` to count over epochs.",
        )


def check_monitors(fit: Any) -> None:
    """Refuse, before the first update, a monitored name that no log will have.

    Only where that is known: a validation has run, and no hook at the end of epochs may log more.

    Raises:
        ValueError: There is such a name.
    """
    trainer = fit.trainer
    logging = [one for one in trainer.callbacks if getattr(one, "logs", True)]
    hooks = [hook for name in _LATE for hook in trainer.hooks.of(logging, name)]
    late = any(trainer.hooks.own(name) is not None for name in _LATE)
    unseen = trainer.validates and not trainer.options.num_sanity_val_steps
    if late or hooks or unseen or fit.state.step:
        return
    known = fit.record.names
    wanted = {f"`monitor` of {type(one).__name__}": one for one in trainer.callbacks if getattr(one, "strict", True)}
    monitors = {what: getattr(one, "monitor", None) for what, one in wanted.items()}
    for config in trainer.lr_scheduler_configs:
        if config.reduce_on_plateau and config.strict:
            monitors['"monitor" of a ReduceLROnPlateau'] = config.monitor
    for what, name in monitors.items():
        if isinstance(name, str) and name not in known:
            raise errors.unknown_name(f"{what} among the logged figures", name, known)
    for one in trainer.callbacks:
        if isinstance(one, KerasCallbacks):
            one.validate_monitors(known)


_LATE = (
    *("on_before_zero_grad", "on_before_backward", "on_after_backward", "on_before_optimizer_step", "optimizer_step"),
    *("configure_gradient_clipping", "optimizer_zero_grad", "backward", "on_train_batch_end", "on_train_epoch_end"),
)


def ordered(own: list[Any], wanted: Any) -> list[Any]:
    """The Trainer's callbacks and those of the module, which replace others of their class, each in its `place`.

    Those of the Keras dialect are one, see `KerasCallbacks`.

    Raises:
        TypeError: Something is no callback.

    Example:
        >>> ordered([], None)
        []
    """
    extra = [] if not wanted else list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
    kinds = {type(one) for one in extra}
    found = gathered([one for one in own if type(one) not in kinds] + extra)
    for one in found:
        if not isinstance(one, Callback) and not hasattr(one, "on_train_start"):
            raise errors.type_error("`callbacks` of Trainer", expected="callbacks", received=one)
    return sorted(found, key=place)


def place(callback: Any) -> int:
    """Where a callback is among others: those that tune first, those that save last."""
    return int(getattr(callback, "saves", False)) - int(getattr(callback, "tunes", False))
