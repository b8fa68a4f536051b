"""The base class of callbacks."""

from __future__ import annotations

from typing import Any

from kerastorch.base.doors import door


class Callback:
    """Something that is told how a run goes: every hook gets the Trainer and the module. Override those you need.

    Attributes:
        monitors: Whether it looks at logged figures at an epoch's end, and so comes after the module's hook there.
        saves: Whether it writes checkpoints, and so comes after all other callbacks.
        tunes: Whether it tries settings, and so comes before all other callbacks.
        logs: Whether it may log figures, which a monitored name may then be.
        only_in_trainer: Whether it cannot watch a `fit` of the Keras dialect, since it changes a Trainer.

    Example:
        >>> class Report(Callback):
        ...     def on_train_epoch_end(self, trainer, pl_module):
        ...         print(trainer.current_epoch, trainer.callback_metrics)
    """

    monitors = False
    saves = False
    tunes = False
    logs = True
    only_in_trainer = False

    @property
    def state_key(self) -> str:
        """The name of its state in a checkpoint: one for all of a class, unless its arguments are part of it."""
        return type(self).__qualname__

    def _key(self, **arguments: Any) -> str:
        return f"{type(self).__qualname__}{arguments!r}"

    _generate_state_key = _key  # what users who override `state_key` call

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of it: tensors and plain values."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""

    def join_fit(self, observers: list[Any]) -> None:
        """Watch a `fit` of the Keras dialect, which calls this where it finds it in `callbacks`.

        Args:
            observers: What watches it already; this callback is added, or joins what stands for others of its kind.
        """
        door("lightning_callbacks").join(self, observers)

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Before a run of `stage`: "fit", "validate", "test" or "predict"."""

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """After a run of `stage`."""

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """At the very beginning of a fit."""

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """At the very end of a fit."""

    def on_sanity_check_start(self, trainer: Any, pl_module: Any) -> None:
        """Before the few batches of validation that a fit begins with."""

    def on_sanity_check_end(self, trainer: Any, pl_module: Any) -> None:
        """After them."""

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Before the first epoch."""

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """After the last epoch."""

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Before an epoch."""

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """After an epoch and its validation."""

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Before a training batch."""

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """After a training batch."""

    def on_before_zero_grad(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Before the gradients of the last update are forgotten."""

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        """Before backward."""

    def on_after_backward(self, trainer: Any, pl_module: Any) -> None:
        """After backward."""

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Before an update."""

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Before a validation."""

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """After a validation."""

    def on_validation_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Before the batches of a validation."""

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """After the batches of a validation."""

    def on_validation_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Before a batch of a validation."""

    def on_validation_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """After a batch of a validation."""

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """Before a test."""

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """After a test."""

    def on_test_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Before the batches of a test."""

    def on_test_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """After the batches of a test."""

    def on_test_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Before a batch of a test."""

    def on_test_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """After a batch of a test."""

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        """Before predictions."""

    def on_predict_end(self, trainer: Any, pl_module: Any) -> None:
        """After predictions."""

    def on_predict_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Before the batches to predict."""

    def on_predict_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """After the batches to predict."""

    def on_predict_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Before a batch to predict."""

    def on_predict_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """After a batch to predict."""

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """When a run ends by an error or an interrupt."""

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """Add to a checkpoint."""

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """Take back what `on_save_checkpoint` added."""
