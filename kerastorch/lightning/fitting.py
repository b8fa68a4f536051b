"""A fit, as the engine's loop tells of it: hooks, schedulers, logging, validation and the reasons to stop."""

from __future__ import annotations

import time
from typing import Any

from kerastorch.data.source import DataSource
from kerastorch.engine.loop import Phase
from kerastorch.engine.state import RunState
from kerastorch.lightning.evaluation import Evaluation
from kerastorch.lightning.optimizers import Schedulers
from kerastorch.runtime import heartbeat


class Fit:
    """Observes the loop of a training.

    Args:
        trainer: The Trainer.
        step: The training step.
        state: The cursor.
        schedulers: The learning rates' schedulers.

    Attributes:
        stepped: Batches after which an update was made: the axis of logged figures.
        seen: Batches of all epochs so far.
    """

    def __init__(self, trainer: Any, step: Any, state: RunState, schedulers: Schedulers) -> None:
        self.trainer, self.step, self.state, self.schedulers = trainer, step, state, schedulers
        self.options, self.record, self.hooks = trainer.options, trainer.record, trainer.hooks
        self.module: Any = step.module
        self.stepped = self.seen = 0
        self.done = 0  # batches of this epoch that are done
        self.hooked = False  # whether the hooks of a batch's end run
        self.started = time.monotonic()
        self.batch_ends = self.hooks["on_train_batch_end"]
        self.automatic = self.module.automatic_optimization
        self.phase: Any = None
        self.validation: Evaluation | None = None
        self.reloaded = 0

    # -- data -------------------------------------------------------------------------------------------------------

    def load(self, validation: bool) -> None:
        """Ask for the dataloaders of training, or of validation."""
        if validation:
            sources = self.trainer.sources("val")
            self.validation = Evaluation(self.trainer, self.step.program, "validation", sources) if sources else None
        else:
            source = self.trainer.sources("train")[0]
            if self.phase is None:
                together = self.trainer.plan.strategy.hooks(self.state, True, False)
                self.phase = Phase(source, self.step, *heartbeat.around(self.state, (), (self.end_batch,), together))
            self.phase.source = source
        self.reloaded = self.state.epoch

    @property
    def source(self) -> DataSource:
        """Where the training batches come from."""
        return self.phase.source  # type: ignore[no-any-return]

    # -- the loop tells ---------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch."""
        self.record.active = self.record.training
        self.hooks("on_train_start")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch."""
        every = self.options.reload_dataloaders_every_n_epochs
        if every and epoch - self.reloaded >= every:
            self.source.close()
            self.load(validation=False)
            if self.validation is not None:
                self.load(validation=True)
        self.record.on_step = False
        if self.state.batch == 0:
            self.hooks("on_train_epoch_start")

    def end_batch(self, index: int, logs: Any) -> None:
        """After a batch: schedulers, hooks, loggers, validation, and whether to stop."""
        batch, step = self.step.batch, self.step
        self.seen, self.done = self.seen + 1, index + 1
        if self.schedulers.configs and self.automatic:
            self._schedule(batch, plateau=False)
        if step.skipped:
            self.source.ended = True  # type: ignore[attr-defined]
            return
        self.hooked = True
        for hook in self.batch_ends:
            hook(step.outputs, batch.x, batch.index)
        self.hooked = False
        if step.due and ((self.stepped + 1) % self.options.log_every_n_steps == 0 or self.trainer.should_stop):
            self.trainer.log_figures(self.record.note())
        if self.validation is not None and self._validation_due(batch):
            self._validate()
        if self.schedulers.configs and self.automatic and step.due:
            self.schedulers("step", batch.index + 1, plateau=True)
        self.stepped += step.due
        self._consider(self.state.epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch."""
        self.record.note()  # the last batch's
        self.record.on_step = False
        self.trainer.processed = epoch + 1
        monitoring = [c for c in self.hooks.callbacks if getattr(c, "monitors", False)]
        others = [c for c in self.hooks.callbacks if c not in monitoring]
        own = self.hooks.own("on_train_epoch_end")
        for hook in (
            *self.hooks.of(others, "on_train_epoch_end"),
            *(() if own is None else (own,)),
            *self.hooks.of(monitoring, "on_train_epoch_end"),
        ):
            hook()
        figures = self.record.note()
        if self.automatic and self.step.batch is not None and self.step.batch.last:
            self.schedulers("epoch", epoch + 1, plateau=True)
        self.trainer.log_figures(figures, offset=-1)
        self.record.reset()
        self.trainer.current_epoch = epoch + 1
        self._consider(epoch + 1)

    def on_train_end(self, logs: Any = None) -> None:
        """After the last epoch."""
        self.hooks("on_train_end")

    # -- parts ------------------------------------------------------------------------------------------------------

    def _schedule(self, batch: Any, plateau: bool) -> None:
        if self.step.due:
            self.schedulers("step", batch.index + 1, plateau)
        if batch.last:
            self.schedulers("epoch", self.state.epoch + 1, plateau)

    def _validation_due(self, batch: Any) -> bool:
        options = self.options
        every = options.check_val_every_n_epoch
        if every is not None and (self.state.epoch + 1) % every:
            return False
        if self.trainer.should_stop and self._may_stop(self.state.epoch):
            return True
        interval = self.interval
        if interval is None:
            return bool(batch.last)
        number = self.seen if every is None else batch.index + 1
        return number % interval == 0

    @property
    def interval(self) -> int | None:
        """Batches between two validations; None where only the end of the data will tell."""
        wanted, length = self.options.val_check_interval, self.source.num_batches
        if isinstance(wanted, int):
            return wanted
        return None if length is None else max(1, int(length * wanted))

    def _validate(self) -> None:
        assert self.validation is not None
        if self.step.due:
            own = self.hooks.own("on_validation_model_zero_grad")
            (own or self.module.zero_grad)()
        with self.trainer.staged("validate"):
            self.validation.run(self.state.epoch)

    def _may_stop(self, epochs: int) -> bool:
        options = self.options
        return epochs >= (options.min_epochs or 0) and self.state.step >= (options.min_steps or 0)

    def _consider(self, epochs: int) -> None:
        """Ask for an end where there is a reason."""
        options = self.options
        if options.seconds is not None and time.monotonic() - self.started >= options.seconds:
            self.trainer.should_stop = True
        if options.max_steps != -1 and self.state.step >= options.max_steps:
            self.state.request_stop("max_steps")
        elif self.trainer.should_stop and self._may_stop(epochs):
            self.state.request_stop("should_stop")
