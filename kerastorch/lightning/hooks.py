"""The hooks: methods that a module, a datamodule or a callback may override. Only those that do are ever called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch.lightning.deprecations import as_today
from kerastorch.lightning.moving import move
from kerastorch.lightning.profilers.profiler import profiled

Hook = Callable[..., Any]

_STEP = (
    *("training_step", "on_train_batch_start", "on_train_batch_end", "on_before_zero_grad", "optimizer_zero_grad"),
    *("on_before_backward", "backward", "on_after_backward", "on_before_optimizer_step", "optimizer_step"),
    *("configure_gradient_clipping", "clip_gradients"),
)
_EVALUATION = ("validation_step", "test_step", "on_validation_batch_start", "on_validation_batch_end",
               "on_test_batch_start", "on_test_batch_end")  # fmt: skip
_EPOCH = ("on_train_start", "on_validation_start", "on_test_start", *(
    f"on_{kind}_epoch_{edge}" for kind in ("train", "validation", "test") for edge in ("start", "end")
))  # fmt: skip

# hook -> the (on_step, on_epoch) that `self.log` has in it by default; no other hook may log.
LEVELS: dict[str, tuple[bool, bool]] = {
    **dict.fromkeys(_STEP, (True, False)),
    **dict.fromkeys((*_EVALUATION, *_EPOCH), (False, True)),
}
EPOCH_ONLY = frozenset(_EPOCH)  # where there is no step to log for


class DataHooks:
    """What a module and a datamodule have in common: where data come from, and how they get to the device."""

    def prepare_data(self) -> None:
        """Download and the like; called in one process only, so keep nothing on `self`."""

    def setup(self, stage: str) -> None:
        """Make datasets; called in every process. `stage` is "fit", "validate", "test" or "predict"."""

    def teardown(self, stage: str) -> None:
        """Called when a run of `stage` is over."""

    def train_dataloader(self) -> Any:
        """What `fit` trains on: a DataLoader, any iterable of batches, or a list or dict of them."""

    def val_dataloader(self) -> Any:
        """What `fit` and `validate` validate on: one iterable of batches, or a list of them."""

    def test_dataloader(self) -> Any:
        """What `test` goes through."""

    def predict_dataloader(self) -> Any:
        """What `predict` goes through."""

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int = 0) -> Any:
        """Change a batch before it moves to the device."""
        return batch

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int = 0) -> Any:
        """Move a batch to the device."""
        return move(batch, device)

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int = 0) -> Any:
        """Change a batch on the device."""
        return batch


class ModelHooks(DataHooks):
    """The hooks of a module, in the order in which a fit reaches them."""

    def configure_callbacks(self) -> Any:
        """Callbacks that this module wants; one of the same class replaces the Trainer's."""
        return []

    def configure_model(self) -> None:
        """Make large parts of the module late, when the device is known."""

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take back what `on_save_checkpoint` added, before the weights are loaded."""

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add to a checkpoint: tensors and plain values."""

    def on_fit_start(self) -> None:
        """At the very beginning of a fit."""

    def on_fit_end(self) -> None:
        """At the very end of a fit."""

    def on_train_start(self) -> None:
        """Before the first epoch, after the sanity check."""

    def on_train_end(self) -> None:
        """After the last epoch."""

    def on_train_epoch_start(self) -> None:
        """Before an epoch."""

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> int | None:
        """Before a training batch; -1 leaves out the rest of the epoch."""

    def on_before_zero_grad(self, optimizer: Any) -> None:
        """After `training_step`, before the gradients of the last update are forgotten."""

    def optimizer_zero_grad(self, epoch: int, batch_idx: int, optimizer: Any) -> None:
        """Forget the gradients."""
        optimizer.zero_grad()

    def on_before_backward(self, loss: Tensor) -> None:
        """Before backward."""

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Compute the gradients of a loss."""
        loss.backward(*args, **kwargs)  # type: ignore[no-untyped-call]

    def on_after_backward(self) -> None:
        """After backward; gradients are not clipped yet."""

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        """Before an update, when its gradients are complete; they are not clipped yet."""

    def configure_gradient_clipping(
        self, optimizer: Any, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clip before an update; override it to clip in your own way, by `clip_gradients`."""
        self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)  # type: ignore[attr-defined]

    def optimizer_step(self, epoch: int, batch_idx: int, optimizer: Any, optimizer_closure: Any = None) -> None:
        """Make an update; `optimizer_closure` runs the step and its backward pass."""
        optimizer.step(closure=optimizer_closure)

    def lr_scheduler_step(self, scheduler: Any, metric: Any | None) -> None:
        """Step a scheduler; `metric` is the monitored figure of a ReduceLROnPlateau."""
        scheduler.step() if metric is None else scheduler.step(metric)

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """After a training batch; `outputs` is what `training_step` returned."""

    def on_train_epoch_end(self) -> None:
        """After an epoch and its validation."""

    def on_validation_model_zero_grad(self) -> None:
        """Before a validation within fit: gradients are forgotten, to spare memory."""
        self.zero_grad()  # type: ignore[attr-defined]

    def on_validation_model_eval(self) -> None:
        """Put the module into the mode of evaluation; without an override all its parts are."""

    def on_validation_model_train(self) -> None:
        """Put the module back; without an override all parts get the mode that they had."""

    def on_validation_start(self) -> None:
        """Before a validation."""

    def on_validation_end(self) -> None:
        """After a validation."""

    def on_validation_epoch_start(self) -> None:
        """Before the batches of a validation."""

    def on_validation_batch_start(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Before a batch of a validation."""

    def on_validation_batch_end(self, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """After a batch of a validation."""

    def on_validation_epoch_end(self) -> None:
        """After the batches of a validation."""

    def on_test_model_eval(self) -> None:
        """As `on_validation_model_eval`, for a test."""

    def on_test_model_train(self) -> None:
        """As `on_validation_model_train`, for a test."""

    def on_test_start(self) -> None:
        """Before a test."""

    def on_test_end(self) -> None:
        """After a test."""

    def on_test_epoch_start(self) -> None:
        """Before the batches of a test."""

    def on_test_batch_start(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Before a batch of a test."""

    def on_test_batch_end(self, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """After a batch of a test."""

    def on_test_epoch_end(self) -> None:
        """After the batches of a test."""

    def on_predict_model_eval(self) -> None:
        """As `on_validation_model_eval`, for predictions."""

    def on_predict_model_train(self) -> None:
        """Part of the interface; the mode is put back after predictions without it."""

    def on_predict_start(self) -> None:
        """Before predictions."""

    def on_predict_end(self) -> None:
        """After predictions."""

    def on_predict_epoch_start(self) -> None:
        """Before the batches to predict."""

    def on_predict_batch_start(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Before a batch to predict."""

    def on_predict_batch_end(self, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """After a batch to predict."""

    def on_predict_epoch_end(self) -> None:
        """After the batches to predict."""


def overridden(thing: Any, name: str, base: type) -> Hook | None:
    """The method `name` of a thing, or None where it has only that of the base class.

    Example:
        >>> class Mine(DataHooks):
        ...     def setup(self, stage): ...
        >>> overridden(Mine(), "setup", DataHooks) is None, overridden(Mine(), "teardown", DataHooks) is None
        (False, True)
    """
    method: Hook | None = getattr(thing, name, None)
    original = inspect.getattr_static(base, name, None)
    if method is None or getattr(method, "__func__", method) is original:
        return None
    return method if original is None else as_today(method, original)


class Hooks:
    """Those hooks of a run that are overridden, found once: callbacks first, then the module.

    Args:
        trainer: What callbacks are given.
        module: The module.
        callbacks: The callbacks, those that save last.
        base: The class whose methods in callbacks count as not overridden.
    """

    def __init__(self, trainer: Any, module: Any, callbacks: Iterable[Any], base: type) -> None:
        self.trainer, self.module, self.callbacks, self.base = trainer, module, list(callbacks), base
        self._found: dict[str, tuple[Hook, ...]] = {}

    def __getitem__(self, name: str) -> tuple[Hook, ...]:
        """What listens to a hook."""
        if name not in self._found:
            own = self.own(name)
            self._found[name] = (*self.of(self.callbacks, name), *(() if own is None else (own,)))
        return self._found[name]

    def __call__(self, name: str, *args: Any) -> None:
        """Call all that listen to a hook."""
        for hook in self[name]:
            hook(*args)

    def own(self, name: str) -> Hook | None:
        """The module's own method, where it overrides one."""
        method = overridden(self.module, name, ModelHooks) if hasattr(ModelHooks, name) else None
        return None if method is None else self._named(name, method, self.module, "[LightningModule]")

    def of(self, callbacks: Sequence[Any], name: str) -> tuple[Hook, ...]:
        """The hooks of some of the callbacks."""
        found = ((callback, overridden(callback, name, self.base)) for callback in callbacks)
        given = (self.trainer, self.module)
        return tuple(
            self._named(name, method, one, "[Callback]", *given) for one, method in found if method is not None
        )

    def _named(self, name: str, method: Hook, owner: Any, kind: str, *given: Any) -> Hook:
        """A hook in which `self.log` knows where it is called."""
        record = self.trainer.record
        who = type(owner).__name__ if owner is self.module else getattr(owner, "state_key", type(owner).__qualname__)
        method = profiled(self.trainer.profiler, f"{kind}{who}.{name}", method)

        def called(*args: Any, **kwargs: Any) -> Any:
            outer, record.fx = record.fx, name
            result = method(*given, *args, **kwargs)
            record.fx = outer
            return result

        return called
