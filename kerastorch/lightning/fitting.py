"""A fit, as the engine's loop tells of it: hooks, schedulers, logging, validation and the reasons to stop."""

from __future__ import annotations

import time
from typing import Any

from kerastorch.engine.loop import Phase
from kerastorch.engine.state import RunState
from kerastorch.lightning.data import Item
from kerastorch.lightning.evaluation import Evaluation
from kerastorch.lightning.optimizers import Schedulers
from kerastorch.lightning.profilers.profiler import PassThroughProfiler, Profiled, profiled
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
        self.within = ""  # "hooks" of a batch's end, the "validation" after it, or the hooks of an "epoch"'s end
        self.validated = time.monotonic()
        self.validation_seconds = self.options.validation_seconds
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
                step = self._measured(self.step)
                self.phase = Phase(source, step, *heartbeat.around(self.state, (), (self.end_batch,), together))
            self.phase.source = source
        self.reloaded = self.state.epoch

    def reload(self) -> None:
        """Ask for the dataloaders anew, where they were asked for."""
        if self.phase is not None:
            self.source.close()
            self.load(validation=False)
        if self.validation is not None:
            self.load(validation=True)

    def _measured(self, step: Any) -> Any:
        """The step, its parts measured where something measures."""
        profiler = self.trainer.profiler
        if isinstance(profiler, PassThroughProfiler):
            return step
        strategy = f"[Strategy]{type(self.trainer.plan.strategy).__name__}"
        step.program.step = profiled(profiler, f"{strategy}.training_step", step.program.step)
        step.backward = profiled(profiler, f"{strategy}.backward", step.backward)
        name = "update" if self.automatic else "update_by"
        action = f"[LightningModule]{type(self.module).__name__}.optimizer_step"
        setattr(step, name, profiled(profiler, action, getattr(step, name)))
        return Profiled(profiler, "run_training_batch", step)

    @property
    def source(self) -> Any:
        """Where the training batches come from; None before that is known."""
        return None if self.phase is None else self.phase.source

    # -- the loop tells ---------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch; what a run was in the middle of when it was cut is done to its end."""
        self.record.active = self.record.training
        self.hooks("on_train_start")
        within, self.within = self.within, ""
        if within == "epoch":
            self._schedule_epoch(self.state.epoch)
        if self.state.batch == 0:
            return
        index, length = self.state.batch - 1, self.source.num_batches
        self.step.batch = batch = Item(None, index, index + 1 == length)
        self.step.due = batch.last or (index + 1) % self.step.every == 0
        if within:
            self.record.on_step = True
            self._finish(batch, validates=within == "hooks")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch."""
        every = self.options.reload_dataloaders_every_n_epochs
        if every and epoch - self.reloaded >= every:
            self.reload()
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
        self.within = "hooks"
        for hook in self.batch_ends:
            hook(step.outputs, batch.x, batch.index)
        self.within = ""
        if step.due and ((self.stepped + 1) % self.options.log_every_n_steps == 0 or self.trainer.should_stop):
            self.trainer.log_figures(self.record.note())
        self._finish(batch)

    def _finish(self, batch: Any, validates: bool = True) -> None:
        """What comes after the hooks of a batch's end."""
        if validates and self.validation is not None and self._validation_due(batch):
            self.within = "validation"
            self._validate()
            self.within = ""
        if self.schedulers.configs and self.automatic and self.step.due:
            self.schedulers("step", batch.index + 1, plateau=True)
        self.stepped += self.step.due
        self._consider(self.state.epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch."""
        self.record.note()  # the last batch's
        self.record.on_step = False
        self.trainer.processed, self.within = epoch + 1, "epoch"
        monitoring = [c for c in self.hooks.callbacks if getattr(c, "monitors", False)]
        others = [c for c in self.hooks.callbacks if c not in monitoring]
        own = self.hooks.own("on_train_epoch_end")
        for hook in (
            *self.hooks.of(others, "on_train_epoch_end"),
            *(() if own is None else (own,)),
            *self.hooks.of(monitoring, "on_train_epoch_end"),
        ):
            hook()
        figures, self.within = self.record.note(), ""
        if self.step.batch is not None and self.step.batch.last:
            self._schedule_epoch(epoch + 1)
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

    def _schedule_epoch(self, epochs: int) -> None:
        if self.automatic:
            self.schedulers("epoch", epochs, plateau=True)

    def _validation_due(self, batch: Any) -> bool:
        options = self.options
        every = options.check_val_every_n_epoch
        if every is not None and (self.state.epoch + 1) % every:
            return False
        if self.may_stop(self.state.epoch):
            return True
        if self.validation_seconds is not None:
            over = time.monotonic() - self.validated >= self.validation_seconds
            return bool(self.trainer.plan.strategy.agree(over))
        interval = self.interval
        if interval is None or (batch.last and batch.rest is not None):
            return bool(batch.last)
        number = self.seen if every is None else batch.index + 1
        return number % interval == 0

    @property
    def interval(self) -> int | None:
        """Batches between two validations; None where only the end of the data will tell."""
        wanted, length = self.options.val_check_interval, self.source.num_batches
        if self.validation_seconds is not None:
            return None
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
        self.validated = time.monotonic()

    def may_stop(self, epochs: int) -> bool:
        """Whether somebody wants an end, and enough epochs and updates are made."""
        options = self.options
        return (
            self.trainer.should_stop
            and epochs >= (options.min_epochs or 0)
            and self.state.step >= (options.min_steps or 0)
        )

    def _consider(self, epochs: int) -> None:
        """Ask for an end where there is a reason."""
        options = self.options
        if options.max_steps != -1 and self.state.step >= options.max_steps:
            self.state.request_stop("max_steps")
        elif self.may_stop(epochs):
            self.state.request_stop("should_stop")
