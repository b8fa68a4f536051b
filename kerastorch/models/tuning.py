"""Finding a learning rate and a batch size before training: `lr_find` and `auto_scale_batch_size`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from kerastorch import optimizers
from kerastorch.base import errors
from kerastorch.callbacks.optimizer_lr import named_optimizers, set_lr
from kerastorch.data.batch import Batch
from kerastorch.data.choose import DEFAULT_BATCH_SIZE, choose
from kerastorch.data.rows import rows
from kerastorch.data.source import DataSource
from kerastorch.engine import micro_batch, range_test
from kerastorch.engine.choice import train_step_for
from kerastorch.engine.guarded_step import step_on_nonfinite
from kerastorch.engine.snapshot import RandomStates, Snapshot
from kerastorch.engine.splitting_step import SplittingStep, step_on_oom
from kerastorch.engine.state import RunState
from kerastorch.engine.step import Step
from kerastorch.models.compiled import Compiled
from kerastorch.models.lr_finder_result import LRFinderResult
from kerastorch.models.program import ModelProgram
from kerastorch.models.reductions import reduction_of
from kerastorch.models.steps import Steps
from kerastorch.runtime import memory
from kerastorch.runtime.plan import Plan

SUMS = ("sum", "mean_with_sample_weight")  # reductions whose value for a batch is no mean over its rows


@dataclass(frozen=True)
class BatchSizeResult:
    """What `auto_scale_batch_size` found.

    Attributes:
        micro_batch_size: Rows that fit at a time: `fit(batch_size=...)`.
        accumulate_grad_batches: Micro-batches to an update: `compile(accumulate_grad_batches=...)`. Together they make
            the batch that was asked for.
        tried: Rows -> whether they fit, in the order of the trials.
    """

    micro_batch_size: int
    accumulate_grad_batches: int
    tried: dict[int, bool] = field(default_factory=dict)


class Tuning(Steps):
    """What a model can find out about its own training. Nothing is trained: all state is put back afterwards."""

    _fits = 0

    def lr_find(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        *,
        min_lr: float = 1e-8,
        max_lr: float = 1.0,
        num_training: int = 100,
        mode: str = "exponential",
        early_stop_threshold: float | None = 4.0,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
    ) -> LRFinderResult:
        """Train for a moment with a growing learning rate, and see where the loss falls most steeply.

        Afterwards weights, buffers, optimizer, metrics and random states are bit for bit what they were, also when
        the test was interrupted. (A model that was not built yet is built, and an iterator has given its batches.)

        Source: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017. The defaults are those of
        Lightning's `Tuner.lr_find`.

        Args:
            x: See `fit`.
            y: See `fit`.
            batch_size: See `fit`.
            min_lr: The first learning rate.
            max_lr: The last one.
            num_training: Updates, each at another rate.
            mode: "exponential" or "linear": how the rate grows.
            early_stop_threshold: The test ends when the smoothed loss is this many times its best; None: never early.
            class_weight: See `fit`.
            sample_weight: See `fit`.

        Returns:
            The rates and losses; its `suggestion()` is a rate to train with, or the largest of a schedule.

        Raises:
            ValueError: An argument or the data are wrong.

        Example:
            >>> import kerastorch as keras, numpy as np
            >>> x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
            >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
            >>> model.compile(optimizer="sgd", loss="mse")
            >>> result = model.lr_find(x, x.sum(1, keepdims=True))
            >>> model.compile(optimizer=keras.optimizers.SGD(result.suggestion()), loss="mse")
        """
        rates = range_test.rates(min_lr, max_lr, num_training, mode)
        _check_threshold(early_stop_threshold)
        with self._trial("lr_find", x, y, batch_size, sample_weight, class_weight) as (program, source):
            losses = range_test.range_test(
                _plain_step(program, program.plan), source, rates, self._set_rate, early_stop_threshold
            )
        return LRFinderResult(rates[: len(losses)], losses, mode)

    def auto_scale_batch_size(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        *,
        mode: str = "power",
        max_trials: int = 25,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
    ) -> BatchSizeResult:
        """Find how many rows fit into memory at a time, so that accumulated gradients still make the whole batch.

        Each trial makes updates with a divisor of the batch's rows; an update over accumulated micro-batches is that of
        the whole batch. Afterwards everything is as it was, as for `lr_find`.

        Args:
            x: Arrays or a Dataset; see `fit`.
            y: See `fit`.
            batch_size: The batch to train with, default 32; with `accumulate_grad_batches` compiled, that many of it
                make an update.
            mode: "power": halve until it fits. "binsearch": find the largest divisor.
            max_trials: The most trials.
            class_weight: See `fit`.
            sample_weight: See `fit`.

        Returns:
            The micro-batch, the accumulation, and what was tried.

        Raises:
            ValueError: An argument or the data are wrong.
            torch.OutOfMemoryError: Not even what was tried last fits.

        Example:
            >>> import kerastorch as keras, numpy as np
            >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
            >>> model.compile(optimizer="sgd", loss="mse")
            >>> model.auto_scale_batch_size(np.zeros((64, 4)), np.zeros((64, 1)), batch_size=64)
            BatchSizeResult(micro_batch_size=64, accumulate_grad_batches=1, tried={64: True})
        """
        micro_batch.check(mode, max_trials)
        _check_one_device(self._need_compiled("auto_scale_batch_size"), batch_size)
        with self._trial("auto_scale_batch_size", x, y, batch_size, sample_weight, class_weight) as (program, source):
            batch = source.peek()
            tried = micro_batch.largest(batch.size, lambda size: _fits(program, batch, size), mode, max_trials)
        fitting = [size for size, fits in tried.items() if fits]
        if not fitting:
            raise torch.OutOfMemoryError(
                errors.message(
                    "auto_scale_batch_size",
                    expected="a micro-batch that fits into memory",
                    received=errors.Said(f"none that does among {list(tried)} rows"),
                    remedy="Use a smaller model, lower precision, or more trials (`max_trials`).",
                )
            )
        micro = max(fitting)
        return BatchSizeResult(micro, program.plan.accumulate * (batch.size // micro), tried)

    @contextmanager
    def _trial(
        self, usage: str, x: Any, y: Any, batch_size: int | None, weight: Any, class_weight: Any
    ) -> Iterator[tuple[ModelProgram, DataSource]]:
        """A program and data to train with; afterwards all state is as before."""
        plan = self._need_compiled(usage).plan
        plan.strategy.start()
        device = plan.device
        states, generator = RandomStates(device), Snapshot(getattr(x, "generator", None))
        source = choose(
            x, y, weight, batch_size=batch_size, class_weight=class_weight, usage=usage,
            seed=plan.strategy.agree(torch.initial_seed() + self._fits), device=device, part=plan.part,
        )  # fmt: skip
        try:
            program = self._prepare(source, check=True, usage=usage)
            snapshot = Snapshot(self, self.optimizer, program, program.plan.precision, *program.accumulators())
            try:
                self.optimizer.zero_grad()
                yield program, source
            finally:
                snapshot.restore()
        finally:
            source.close()
            states.restore()
            generator.restore()

    def _set_rate(self, rate: float) -> None:
        for _, optimizer in named_optimizers(self):
            value: Any = (lambda: rate) if isinstance(optimizer, optimizers.Optimizer) else rate
            set_lr(optimizer, value)  # a function takes the place of any schedule

    def _place(self, plan: Plan, source: DataSource, epoch: int = 0) -> tuple[Batch, Any]:
        """Build what is not built, move the model to the device; see `Trainable`."""
        raise NotImplementedError

    def _prepare(self, source: DataSource, epoch: int = 0, *, check: bool, usage: str, held_out: Any = None) -> Any:
        """Everything that must be true before the first step; see `Trainable`."""
        raise NotImplementedError


def _plain_step(program: ModelProgram, plan: Plan) -> Step:
    """The training step of a trial, which is not worth compiling."""
    return train_step_for(program, replace(plan, jit_compile=False), RunState())


def training_step(
    on_oom: str, on_nonfinite: str, program: ModelProgram, source: DataSource, state: RunState, verbose: Any
) -> Step:
    """The training step of `fit(on_oom=..., on_nonfinite=...)`.

    Args:
        on_oom: "raise", or "split": see `SplittingStep`.
        on_nonfinite: "ignore", or "raise": see `GuardedStep`.
        program: What will be trained.
        source: Its data.
        state: The cursor.
        verbose: Whether what compiling cost may be printed.

    Raises:
        ValueError: One is neither; or the options do not go together; or the updates of pieces would not add up to
            that of the batch, because the model has a `train_step` of its own, or a loss is reduced to something that
            is no mean over the rows.
    """
    plan = program.plan
    make = step_on_nonfinite(on_nonfinite, step_on_oom(on_oom), source.sample_numbers)
    step = make(program, plan, state, plan.strategy.printer(verbose))
    for term in program.objective.losses if isinstance(step, SplittingStep) else ():
        reduction = reduction_of(term.function)
        if reduction in SUMS:
            function = getattr(term.function, "module", term.function)
            raise errors.value_error(
                f'`on_oom` of fit beside the loss {type(function).__name__}(reduction="{reduction}")',
                expected='"raise"',
                received=on_oom,
                remedy="Use a loss that is the mean over the samples, or a smaller `batch_size`.",
            )
    return step


def _fits(program: ModelProgram, batch: Batch, size: int) -> bool:
    """Whether updates with so many rows fit: with what accumulates beside them, and what the first update makes."""
    plan = replace(program.plan, accumulate=1 if size == batch.size and program.plan.accumulate == 1 else 2)
    step, piece = _plain_step(program, plan), rows(batch, 0, size)
    failed = False
    try:
        with step.session():
            for _ in range(2 * plan.accumulate):
                step(piece)
    except (RuntimeError, MemoryError) as error:
        if not memory.is_out_of_memory(error):
            raise
        failed = True
    if failed:  # only now is the traceback gone, which held the activations
        step.program.module.zero_grad()
        memory.give_back(plan.device)
    return not failed


def _check_one_device(compiled: Compiled, batch_size: int | None) -> None:
    ranks = compiled.plan.strategy.ranks
    if ranks > 1:
        rows_of_one = max((batch_size or DEFAULT_BATCH_SIZE) // ranks, 1)
        raise errors.value_error(
            f"auto_scale_batch_size with {ranks} devices",
            expected="a model compiled for one",
            received=errors.Said("several, of which one might run out of memory while the others wait for it"),
            remedy=f"Compile with devices=1, and pass the rows of one: batch_size={rows_of_one}.",
        )


def _check_threshold(threshold: Any) -> None:
    if threshold is not None and not (isinstance(threshold, (int, float)) and threshold > 1):
        raise errors.value_error(
            "`early_stop_threshold` of lr_find", expected="a number > 1, or None", received=threshold
        )
