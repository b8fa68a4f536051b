"""What happens to a training batch: the engine's step, with the hooks of Lightning around its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from kerastorch.engine.state import RunState
from kerastorch.engine.step import ManualStep, TrainStep
from kerastorch.lightning.data import Item
from kerastorch.lightning.hooks import Hooks
from kerastorch.lightning.optimizers import LightningOptimizer, needs_closure, parameters_of
from kerastorch.lightning.program import LightningProgram
from kerastorch.runtime.clipping import NoClipping
from kerastorch.runtime.plan import Plan


class Training:
    """What both ways to train have in common: the beginning of a batch, backward, and updates that call hooks.

    Args:
        program: The module with its optimizers.
        plan: The run options.
        state: The cursor.
        hooks: The hooks that are overridden.

    Attributes:
        due: Whether the update is due after this batch.
        skipped: Whether the rest of the epoch is left out.
        every: Batches to an update.
    """

    def __init__(self, program: LightningProgram, plan: Plan, state: RunState, hooks: Hooks) -> None:
        super().__init__(program, plan, state)  # type: ignore[call-arg]
        self.program: Any = program
        self.plan, self.precision, self.state = plan, plan.precision, state
        self.module: Any = program.module
        self.hooks, self.record = hooks, program.record
        self.every = plan.accumulate
        self.batch: Any = None
        self.due, self.skipped = True, False
        self.starts = hooks.of(hooks.callbacks, "on_train_batch_start")
        self.own_start = hooks.own("on_train_batch_start")
        self.before_backward, self.after_backward = hooks["on_before_backward"], hooks["on_after_backward"]
        self.before_step = hooks["on_before_optimizer_step"]
        self.own_backward = hooks.own("backward")

    counts = True  # whether `update_by` is the only one that makes updates

    def begins(self, batch: Item) -> bool:
        """Tell that a batch comes; whether it shall be trained on."""
        self.batch = batch
        self.record.begin_batch(batch.x)
        for hook in self.starts:
            hook(batch.x, batch.index)
        self.skipped = self.own_start is not None and self.own_start(batch.x, batch.index) == -1
        batch.last = batch.last or self.skipped
        return not self.skipped

    def backward(self, loss: torch.Tensor, *args: Any, **kwargs: Any) -> None:
        """Compute gradients, with the hooks around, which see the scaled loss where the precision scales it."""
        loss = self.precision.scale(loss)
        for hook in self.before_backward:
            hook(loss)
        if self.own_backward is None:
            loss.backward(*args, **kwargs)  # type: ignore[no-untyped-call]
        else:
            self.own_backward(loss, *args, **kwargs)
        for hook in self.after_backward:
            hook()

    def update_by(self, optimizer: torch.optim.Optimizer, closure: Callable[[], Any] | None, **kwargs: Any) -> Any:
        """Make an update whose gradients a closure computes, or which are there already."""

        def ready() -> Any:
            with torch.enable_grad():
                result = None if closure is None else closure()
            self.precision.unscale(optimizer)
            for hook in self.before_step:
                hook(optimizer)
            self.clip(optimizer)
            return result

        if self.precision.takes_closures and (kwargs or needs_closure(optimizer)):
            result = optimizer.step(closure=ready, **kwargs)
        else:
            result = ready()
            self.precision.step(optimizer)
        self.state.step += self.counts
        return result

    def clip(self, optimizer: torch.optim.Optimizer) -> None:
        """Clip the gradients of an optimizer's parameters."""

    def handed_out(self, optimizer: torch.optim.Optimizer) -> LightningOptimizer:
        """An optimizer as the module gets it."""
        return LightningOptimizer(
            optimizer, self.update_by, (self.module.toggle_optimizer, self.module.untoggle_optimizer)
        )

    @contextmanager
    def session(self, start: int = 0) -> Iterator[None]:
        """Around an epoch: parts of the module stay in the mode in which the user put them."""
        with torch.enable_grad():
            yield

    def finish(self) -> dict[str, Any]:
        """An epoch's figures are in the record."""
        return {}


class LightningStep(Training, TrainStep):
    """Automatic optimization: forward, backward, and the update when its batches are complete."""

    counts = False

    def __init__(self, program: LightningProgram, plan: Plan, state: RunState, hooks: Hooks) -> None:
        super().__init__(program, plan, state, hooks)
        self.before_zero = hooks["on_before_zero_grad"]
        self.own_zero = hooks.own("optimizer_zero_grad")
        self.own_clipping = hooks.own("configure_gradient_clipping")
        self.own_step = hooks.own("optimizer_step")
        self.by_closure = self.own_step is not None or needs_closure(self.optimizer)
        self.clips = type(plan.clipping) is not NoClipping
        self.loss: Any = None

    def __call__(self, batch: Any) -> None:
        self.due = batch.last or (batch.index + 1) % self.every == 0
        if not self.begins(batch):
            return
        self.strategy.sync_gradients(self.due)
        if self.due and self.by_closure:
            self.update_by_module(batch)
            return
        self.gradients(batch)
        if self.due:
            self.update()

    def gradients(self, batch: Any) -> Any:
        """Loss and gradients of a batch; returns the loss."""
        with self.precision.context():
            loss = self.program.training_step(batch)
        if batch.index % self.every == 0:
            self.zero(batch)
        self.loss = loss if loss is None or self.every == 1 else loss / self.every
        if loss is None:
            return None
        self.backward(self.loss)
        self.loss = self.loss.detach()
        return self.loss

    def zero(self, batch: Any) -> None:
        """Forget the gradients of the last update."""
        for hook in self.before_zero:
            hook(self.optimizer)
        if self.own_zero is None:
            self.optimizer.zero_grad()
        else:
            self.own_zero(self.state.epoch, batch.index, self.optimizer)

    def update(self) -> None:
        self.precision.unscale(self.optimizer)
        for hook in self.before_step:
            hook(self.optimizer)
        self.clip(self.optimizer)
        self.precision.step(self.optimizer)
        self.state.step += 1

    def update_by_module(self, batch: Any) -> None:
        """Let `optimizer_step`, or the optimizer itself, run the step."""
        step = self.own_step or self.module.optimizer_step
        step(self.state.epoch, batch.index, self.handed_out(self.optimizer), lambda: self.gradients(batch))
        self.state.step += 1

    def clip(self, optimizer: torch.optim.Optimizer) -> None:
        if self.own_clipping is not None:
            options = self.module.trainer.options
            self.own_clipping(optimizer, options.gradient_clip_val, options.gradient_clip_algorithm)
        elif self.clips:
            self.plan.clipping(parameters_of(optimizer))

    @property
    def outputs(self) -> dict[str, Any]:
        """What `on_train_batch_end` gets: the loss (over `accumulate_grad_batches`), and what the step returned."""
        return {} if self.loss is None else {**self.program.extra, "loss": self.loss}

    def flush(self) -> None:
        """The last batch of an epoch has made its update."""


class LightningManualStep(Training, ManualStep):
    """Manual optimization: the module's step updates by itself."""

    def __call__(self, batch: Any) -> None:
        if not self.begins(batch):
            return
        with self.precision.context():
            self.program.manual_step(batch)

    @contextmanager
    def session(self, start: int = 0) -> Iterator[None]:
        with torch.enable_grad(), self.plan.strategy.manual_gradients(lambda: self.share):
            yield

    @property
    def outputs(self) -> Any:
        """What the step returned."""
        return self.program.extra
