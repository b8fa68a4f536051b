"""`evaluate`, `predict`, and the methods for one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerastorch.base import nested
from kerastorch.callbacks import CallbackList
from kerastorch.data.choose import choose
from kerastorch.data.source import DataSource
from kerastorch.engine.choice import train_step_for
from kerastorch.engine.loop import Loop, Phase
from kerastorch.engine.objective import Objective
from kerastorch.engine.state import RunState
from kerastorch.engine.step import EvalStep, PredictStep, Step
from kerastorch.models import arguments, checks
from kerastorch.models.collector import Collector
from kerastorch.models.program import ModelProgram
from kerastorch.models.tuning import Tuning
from kerastorch.runtime.plan import Plan


class Evaluating(Tuning):
    """What a model does with data beside learning from them."""

    def _watching(
        self, plan: Plan, callbacks: Any, verbose: Any, epochs: int, source: DataSource, add_history: bool = False
    ) -> CallbackList:
        return CallbackList(
            callbacks, add_history=add_history, add_progbar=verbose != 0, model=self, rank=plan.strategy.rank,
            verbose=verbose, epochs=epochs, steps=source.num_batches,
        )  # fmt: skip

    def _test(self, phase: Phase, watching: CallbackList) -> dict[str, Any]:
        watching.on_test_begin()
        logs = Loop(phase.step.state, watching).run_once(phase)
        watching.on_test_end(logs)
        return logs

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        *,
        check_data: bool = True,
        **unknown: Any,
    ) -> Any:
        """Compute the loss and the metrics on data.

        Args:
            x: See `fit`.
            y: See `fit`.
            batch_size: Samples in a batch of arrays; default 32.
            verbose: See `fit`.
            sample_weight: See `fit`.
            steps: Batches to use; default all.
            callbacks: Callbacks.
            return_dict: Whether to return a dict by name.
            check_data: See `fit`.
            **unknown: Refused, with the nearest known name.

        Returns:
            The loss (a float) when there are no metrics, else a list [loss, metrics...]; or a dict.

        Example:
            >>> import kerastorch as keras, numpy as np
            >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
            >>> model.compile(loss="mse")
            >>> model.evaluate(np.zeros((8, 4)), np.ones((8, 1)), verbose=0)
            1.0
        """
        compiled = self._need_compiled("evaluate")
        arguments.refuse_unknown("evaluate", unknown)
        _, steps = arguments.limited(None, steps)
        compiled.plan.strategy.start()
        source = source_for(
            compiled.plan, "evaluate", x, y, sample_weight, batch_size=batch_size, shuffle=False, steps=steps,
            check=check_data,
        )  # fmt: skip
        program = self._prepare(source, check=check_data, usage="evaluate")
        watching = self._watching(compiled.plan, callbacks, verbose, 1, source)
        step = EvalStep(program, program.plan, RunState())
        phase = Phase.make("test", source, step, watching, compiled.plan.steps_per_execution)
        try:
            logs = self._test(phase, watching)
        finally:
            source.close()
        if check_data:
            checks.explain(source, logs)
        return logs if return_dict else self._as_list(logs)

    def _as_list(self, logs: dict[str, Any]) -> Any:
        names = [metric.name for metric in self.metrics]  # then the others in the order of their names, as in Keras
        values = [logs[name] for name in (*names, *sorted(set(logs) - set(names))) if name in logs]
        return values[0] if len(values) == 1 else values

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        **unknown: Any,
    ) -> Any:
        """Compute the outputs for data.

        Args:
            x: See `fit`; targets in a loader are not looked at.
            batch_size: Samples in a batch of arrays; default 32.
            verbose: See `fit`.
            steps: Batches to use; default all.
            callbacks: Callbacks.
            **unknown: Refused, with the nearest known name.

        Returns:
            NumPy arrays of shape (samples, ...), nested as the model's outputs are.

        Example:
            >>> import kerastorch as keras, numpy as np
            >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
            >>> model.predict(np.zeros((8, 4)), verbose=0).shape
            (8, 1)
        """
        arguments.refuse_unknown("predict", unknown)
        _, steps = arguments.limited(None, steps)
        plan = self._compiled.plan if self._compiled is not None else Plan.make(device=self._current_device())
        plan.strategy.start()
        source = source_for(plan, "predict", x, batch_size=batch_size, shuffle=False, steps=steps)
        checks.check_inputs(self, source.peek())
        self._place(plan, source)
        watching = self._watching(plan, callbacks, verbose, 1, source)
        collector = Collector(source.num_samples)
        program = self._program or ModelProgram(self, self.base, Objective(), plan, None)
        phase = Phase.make("predict", source, PredictStep(program, plan, RunState(), collector), watching)
        watching.on_predict_begin()
        try:
            Loop(phase.step.state, watching).run_once(phase)
        finally:
            source.close()
        watching.on_predict_end({})
        return collector.result(plan.strategy.gather)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Train on one batch.

        Args:
            x: Inputs.
            y: Targets.
            sample_weight: See `fit`.
            class_weight: See `fit`.
            return_dict: Whether to return a dict by name.

        Returns:
            As `evaluate`, for this batch.
        """
        return self._on_batch("train_on_batch", train_step_for, x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one batch; see `train_on_batch`."""
        return self._on_batch("test_on_batch", EvalStep, x, y, sample_weight, None, return_dict)

    def _on_batch(
        self, method: str, make: Callable[..., Step], x: Any, y: Any, weight: Any, class_weight: Any, return_dict: bool
    ) -> Any:
        compiled = self._need_compiled(method)
        compiled.plan.strategy.start()
        size = len(nested.flatten(x)[0])
        source = source_for(
            compiled.plan, method, x, y, weight, batch_size=max(size, 1), shuffle=False, class_weight=class_weight
        )
        program = self._prepare(source, check=False, usage=method)
        step = make(program, program.plan, RunState())
        logs = Loop(step.state, CallbackList(None)).run_once(Phase(source, step))
        return logs if return_dict else self._as_list(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        return self.predict(x, batch_size=max(len(nested.flatten(x)[0]), 1), verbose=0)


def source_for(plan: Plan, usage: str, x: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> DataSource:
    """The source of a run's batches: this rank's rows, where the plan has several ranks."""
    return choose(
        x, y, sample_weight, usage=usage, device=plan.device, part=plan.part, ranks=plan.strategy.ranks, **options
    )
