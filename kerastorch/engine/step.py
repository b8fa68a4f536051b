"""The steps: what happens to one batch in training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from kerastorch.base import errors
from kerastorch.data.batch import Batch
from kerastorch.engine.logs import LazyLogs, fetch, flat
from kerastorch.engine.program import Program
from kerastorch.engine.state import RunState
from kerastorch.engine.window import EveryBatch, Window
from kerastorch.runtime.plan import Plan


class Step:
    """What a loop does with each batch. The base class keeps the logs."""

    training = False

    def __init__(self, program: Program, plan: Plan, state: RunState) -> None:
        self.program = program
        self.plan = plan
        self.state = state
        self.logs = LazyLogs(self.results)

    def __call__(self, batch: Batch) -> None:
        """Process one batch."""
        raise NotImplementedError

    def flush(self) -> None:
        """Process what is left when the batches end."""

    def finish(self) -> dict[str, Any]:
        """End an epoch: its figures over all ranks, as floats."""
        self.flush()
        self.program.synchronize()
        return fetch(self.results())

    def results(self) -> Mapping[str, Any]:
        """The figures so far, on the device."""
        return self.program.results()

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold of this step: plain values."""
        return {"precision": self.plan.precision.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        self.plan.precision.load_state_dict(state["precision"])

    @contextmanager
    def session(self, start: int = 0) -> Iterator[None]:
        """Around an epoch: the module's mode, and whether gradients are recorded.

        Args:
            start: The batch to begin with. Figures start anew at an epoch's first one.
        """
        module = self.program.module
        before = [(m, m.training) for m in module.modules()]
        module.train(self.training)
        if start == 0:
            self.program.reset()
        try:
            with torch.set_grad_enabled(self.training):
                yield
        finally:
            _restore(before)


def _restore(modes: list[tuple[nn.Module, bool]]) -> None:
    for module, training in modes:
        module.training = training


class TrainStep(Step):
    """Forward, loss, backward, and the update when a window is complete."""

    training = True

    def __init__(self, program: Program, plan: Plan, state: RunState) -> None:
        super().__init__(program, plan, state)
        if program.optimizer is None:
            raise errors.value_error(
                f"The optimizer of {type(program.module).__name__}",
                expected="one, for training",
                received=None,
                remedy="Compile with `optimizer=`.",
            )
        self.optimizer = program.optimizer
        self.precision, self.strategy = plan.precision, plan.strategy
        self.parameters = program.trainable_parameters()
        self.window = Window(plan.accumulate) if plan.accumulate > 1 else EveryBatch()

    def __call__(self, batch: Batch) -> None:
        self.strategy.sync_gradients(self.window.last)
        with self.precision.context():
            loss = self.program.training_step(batch)
        self.precision.backward(self.window.weigh(loss, batch))
        if self.window.closes(batch):
            self.update()

    def update(self) -> None:
        """Change the parameters by the gradients of the window, and forget these."""
        self.window.normalize(self.parameters)
        self.precision.unscale(self.optimizer)
        self.plan.clipping(self.parameters)
        self.precision.step(self.optimizer)
        self.optimizer.zero_grad()
        self.state.step += 1

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "window": self.window.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.window.load_state_dict(state["window"])

    def flush(self) -> None:
        if self.window.open:
            self.strategy.reduce_gradients(self.parameters)
            self.update()


class _Reporting(Step):
    """A step whose program may tell its own figures after each batch."""

    told: Mapping[str, Any] | None = None

    def results(self) -> Mapping[str, Any]:
        return self.program.results() if self.told is None else self.told

    def finish(self) -> dict[str, Any]:
        figures = super().finish()
        if self.told is not None:
            figures = fetch(self.plan.strategy.figures(dict(flat(self.told)), self.program.counted))
        return figures


class ManualStep(_Reporting):
    """The program's own step: it updates the parameters itself."""

    training = True
    share = 1.0

    @contextmanager
    def session(self, start: int = 0) -> Iterator[None]:
        with super().session(start), self.plan.strategy.manual_gradients(lambda: self.share):
            yield

    def __call__(self, batch: Batch) -> None:
        self.share = batch.share
        with self.plan.precision.context():
            self.told = self.program.manual_step(batch)
        self.state.step += 1


class EvalStep(_Reporting):
    """Loss and metrics, without gradients."""

    def __call__(self, batch: Batch) -> None:
        with self.plan.precision.context():
            self.told = self.program.validation_step(batch)


class PredictStep(Step):
    """Outputs, handed to a collector."""

    def __init__(self, program: Program, plan: Plan, state: RunState, collect: Any) -> None:
        super().__init__(program, plan, state)
        self.collect = collect

    def __call__(self, batch: Batch) -> None:
        with self.plan.precision.context():
            outputs = self.program.predict_step(batch)
        self.collect(outputs, batch.size, batch.total)

    def results(self) -> Mapping[str, Any]:
        return {}
