"""`SplittingStep`: a training step that takes a batch in pieces when it does not fit into memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from traceback import clear_frames
from types import TracebackType
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.data.batch import Batch
from kerastorch.data.rows import rows
from kerastorch.engine.choice import train_step_for
from kerastorch.engine.program import Program
from kerastorch.engine.snapshot import Snapshot
from kerastorch.engine.state import RunState
from kerastorch.engine.step import Step, TrainStep
from kerastorch.runtime import memory
from kerastorch.runtime.plan import Plan


class SplittingStep(TrainStep):
    """A training step that halves what does not fit, and goes on.

    The update stays that of the whole batch: the gradient is the mean over its rows, and the figures count each row
    once. The smaller size is remembered for the batches that come. What looks at the batch as a whole sees the pieces:
    BatchNormalization, a loss that averages over what a mask lets count. Dropout draws other numbers.

    What a piece that failed has left behind (part of its gradients, figures, running statistics) is taken back. That
    costs a copy of the figures and buffers for each piece, and of no parameter.

    Args:
        program: What to train.
        plan: How.
        state: The cursor.
    """

    def __init__(self, program: Program, plan: Plan, state: RunState) -> None:
        super().__init__(program, plan, state)
        self.limit: int | None = None

    def __call__(self, batch: Batch) -> None:
        self.strategy.sync_gradients(False)  # ranks may need different pieces: gradients are exchanged at the end
        done = 0
        while not done or done < batch.size:
            piece = rows(batch, done, done + (self.limit or batch.size))
            trial = _Trial(self, piece)
            with trial:
                self.precision.backward(self.window.weigh(self.share_of_loss(piece, batch), batch))
            done += trial.settle()
        if self.window.closes(batch):
            self.strategy.reduce_gradients(self.parameters)
            self.update()

    def share_of_loss(self, piece: Batch, batch: Batch) -> Tensor:
        """What a piece adds to the mean loss of its batch."""
        with self.precision.context():
            loss = self.program.training_step(piece)
        return loss if piece is batch else loss * (piece.size / batch.size)

    def shrink(self, piece: Batch) -> None:
        """Take half the rows from now on."""
        if self.limit is None:
            warnings.warn(
                f"Out of memory with {piece.size} rows: batches are taken in pieces of {(piece.size + 1) // 2} or "
                "fewer from now on. Updates stay those of whole batches; `model.auto_scale_batch_size` finds the "
                "largest size that fits beforehand.",
                stacklevel=2,
            )
        self.limit = (piece.size + 1) // 2
        memory.give_back(self.plan.device)


class _Trial:
    """One try at a piece: swallows an out-of-memory, after which nothing of the try is left."""

    def __init__(self, step: SplittingStep, piece: Batch) -> None:
        self.step, self.piece = step, piece
        self.failed = False

    def __enter__(self) -> None:
        step = self.step
        self.figures = Snapshot(*step.program.accumulators(), place=None)
        self.buffers = list(step.program.module.buffers())
        self.before = [buffer.detach().clone() for buffer in self.buffers]
        # New gradients go into tensors of their own, so that those of a piece that fails can be dropped.
        self.gradients = [parameter.grad for parameter in step.parameters]
        _set_gradients(step.parameters, [None] * len(self.gradients))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            return False
        if not memory.is_out_of_memory(error) or self.piece.size <= 1:
            return False
        self.failed = True
        clear_frames(trace)  # they hold the activations
        return True

    def settle(self) -> int:
        """Keep the gradients, or take everything back; how many rows are done."""
        step = self.step
        if self.failed:
            _set_gradients(step.parameters, self.gradients)
            self.figures.restore()
            if self.buffers:
                with torch.no_grad():
                    torch._foreach_copy_(self.buffers, self.before)
            step.shrink(self.piece)
            return 0
        _add_gradients(step.parameters, self.gradients)
        return self.piece.size or 1


def _set_gradients(parameters: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


def _add_gradients(parameters: Sequence[Tensor], earlier: Sequence[Tensor | None]) -> None:
    """Add the gradients of a piece to those of the pieces before it."""
    both = [(p, p.grad, g) for p, g in zip(parameters, earlier, strict=True) if g is not None]
    new = [(g, fresh) for _, fresh, g in both if fresh is not None]
    if new:
        torch._foreach_add_([g for g, _ in new], [fresh for _, fresh in new])
    for parameter, _, gradient in both:
        parameter.grad = gradient


def splitting_step_for(program: Program, plan: Plan, state: RunState, say: Callable[[str], Any] | None = None) -> Step:
    """The step of `on_oom="split"`.

    Raises:
        ValueError: The program has a step of its own, the step is compiled, or the ranks hold parts of the weights.
    """
    if program.manual:
        raise errors.value_error(
            "`on_oom` of fit beside an own `train_step`",
            expected='"raise"',
            received="split",
            remedy="Split the batch inside `train_step`, or find a size that fits by `auto_scale_batch_size`.",
        )
    if plan.jit_compile:
        raise errors.value_error(
            "`on_oom` of fit beside jit_compile=True",
            expected='"raise": a compiled step takes batches of one size',
            received="split",
            remedy="Compile the model without jit_compile, or find a size that fits by `auto_scale_batch_size`.",
        )
    if not plan.strategy.in_pieces:
        raise errors.value_error(
            "`on_oom` of fit beside a strategy that cuts weights into parts (fsdp, ModelParallel)",
            expected='"raise": all ranks compute together, and one of them would wait for the others for ever',
            received="split",
            remedy='Use a smaller `batch_size` with `accumulate_grad_batches`, `keras.RematScope`, or "ddp".',
        )
    return SplittingStep(program, plan, state)


_STEPS: dict[str, Callable[..., Step]] = {"raise": train_step_for, "split": splitting_step_for}


def step_on_oom(on_oom: str) -> Callable[..., Step]:
    """What makes the training step for `fit(on_oom=...)`.

    Args:
        on_oom: "raise": running out of memory ends the run. "split": see `SplittingStep`.

    Raises:
        ValueError: It is neither.

    Example:
        >>> step_on_oom("raise") is train_step_for
        True
    """
    if on_oom not in _STEPS:
        raise errors.unknown_name("`on_oom` of fit", on_oom, _STEPS)
    return _STEPS[on_oom]
