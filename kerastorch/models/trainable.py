"""`compile`, `fit`, `evaluate`, `predict`: the methods every model has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from kerastorch import optimizers
from kerastorch.base import nested
from kerastorch.callbacks import CallbackList, History
from kerastorch.callbacks.profiler import profiled
from kerastorch.data.batch import Batch
from kerastorch.data.choose import choose
from kerastorch.data.order import Shuffle
from kerastorch.data.source import DataSource, close_all
from kerastorch.data.split import validation_split as split
from kerastorch.distribution.distributions import options
from kerastorch.engine.choice import train_step_for
from kerastorch.engine.logs import fetch
from kerastorch.engine.loop import Loop, Phase
from kerastorch.engine.objective import Objective
from kerastorch.engine.state import RunState
from kerastorch.engine.step import EvalStep, PredictStep, Step
from kerastorch.loggers.access import give_logger
from kerastorch.models import arguments, checks, compiling, ranks
from kerastorch.models.collector import Collector
from kerastorch.models.compiled import Compiled
from kerastorch.models.program import ModelProgram
from kerastorch.models.tuning import Tuning, training_step
from kerastorch.models.unused import check_all_used
from kerastorch.runtime.plan import Plan


class Trainable(Tuning):
    """What makes a module trainable by `fit`; `Model` is a layer with this."""

    history: History | None = None
    _run: RunState | None = None
    _fits = 0

    # -- compile ----------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
        *,
        device: Any = None,
        devices: Any = None,
        strategy: Any = None,
        num_nodes: int | None = None,
        precision: Any = None,
        accumulate_grad_batches: int = 1,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
        **unknown: Any,
    ) -> None:
        """Say how the model is trained: the optimizer, what is minimised, what is reported, and where it runs.

        Args:
            optimizer: A name ("adam"), an optimizer of this library or of torch, a torch optimizer class, or a
                callable that makes one from parameters.
            loss: A name, an object, a function `(y_true, y_pred) -> tensor`, a torch loss module, or a dict or list of
                these, one an output.
            loss_weights: Factors of the outputs' losses: a dict or list.
            metrics: Names, objects, functions or torchmetrics objects; a list, or a dict or list of lists, one an
                output.
            weighted_metrics: The same, for metrics that take sample weights into account.
            run_eagerly: Accepted for Keras's sake: steps are always plain Python.
            steps_per_execution: Batches between two calls of batch callbacks.
            jit_compile: True compiles the whole training step (forward, loss, backward, update, figures); where that
                cannot be done, a warning says why and training goes on uncompiled.
            auto_scale_loss: Whether "mixed_float16" scales the loss, as it must to be useful.
            device: "auto" (the best there is), "cpu", "cuda:0", ...
            devices: How many devices of this machine, a list of their indices, or "auto" for all. `batch_size` counts
                the samples of all together.
            strategy: How several devices share the work: "auto" or "ddp" (a replica on each), or "fsdp" (a part
                of the weights on each).
            num_nodes: The number of machines, where `torchrun` or `srun` started the script: checked.
            precision: "32", "bf16-mixed", "16-mixed", "bf16-true", "64", or a Keras policy name.
            accumulate_grad_batches: Batches whose gradients make one update.
            gradient_clip_val: The limit for gradients.
            gradient_clip_algorithm: "norm" (default) or "value".
            **unknown: Refused, with the nearest known name.

        Raises:
            ValueError: A name is unknown or options contradict each other; the model is left as it was.

        Example:
            >>> import kerastorch as keras
            >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
            >>> model.compile(optimizer="adam", loss="mse", metrics=["mae"])
        """
        del run_eagerly
        arguments.refuse_unknown("compile", unknown)
        compiling.check_names(loss, metrics, weighted_metrics)
        chosen = optimizers.get(optimizer)
        plan = Plan.make(
            **options(device, devices, strategy),
            num_nodes=num_nodes,
            precision=compiling.policy_of(self) if precision is None else precision,
            scale_loss=auto_scale_loss,
            accumulate_grad_batches=compiling.accumulation(chosen, accumulate_grad_batches),
            gradient_clip_val=gradient_clip_val,
            gradient_clip_algorithm=gradient_clip_algorithm,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
        )
        given = compiling.config(
            optimizer=chosen,
            loss=loss,
            loss_weights=loss_weights,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
        )
        self._compiled = Compiled(chosen, loss, loss_weights, metrics, weighted_metrics, plan, given)
        self._program = None
        self.optimizer = chosen
        self.stop_training = False

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None

    # -- fit, evaluate, predict -------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Shuffle = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        *,
        check_data: bool = True,
        on_oom: str = "raise",
        profile: Any = False,
        **unknown: Any,
    ) -> History:
        """Train.

        Args:
            x: Inputs, each of shape (samples, ...): arrays, tensors, data frames, lists or dicts of them; or a
                DataLoader, Dataset, PyDataset, generator or iterable of `(x, y)` or `(x, y, sample_weight)`.
            y: Targets, (samples, ...), nested as the outputs are; None when `x` brings them.
            batch_size: Samples in a batch of arrays; default 32.
            epochs: The epoch to end before.
            verbose: 0 silent, 1 progress bar, 2 a line an epoch, "auto".
            callbacks: Callbacks.
            validation_split: The fraction of the arrays, from their end, to validate on.
            validation_data: `(x, y)`, `(x, y, sample_weight)` or a loader to validate on.
            shuffle: Whether arrays come in a new order each epoch; "batch" shuffles whole batches.
            class_weight: Class number -> factor of its samples' losses.
            sample_weight: Factors of the samples' losses, (samples,).
            initial_epoch: The epoch to begin with.
            steps_per_epoch: Batches in an epoch; default one pass over the data.
            validation_steps: Batches to validate on; default all.
            validation_batch_size: Default `batch_size`.
            validation_freq: Epochs between validations, or the epochs (from 1) after which to validate.
            check_data: Whether the data are looked through once for NaN, infinities and impossible labels.
            on_oom: "raise", or "split": a batch that does not fit into memory is processed in pieces, see
                `engine.splitting_step`.
            profile: True shows a table of where the time went; a folder also gets a trace; or a `callbacks.Profiler`.
            **unknown: Refused, with the nearest known name.

        Returns:
            The `History`: `.history` maps each figure to its values, one an epoch.

        Raises:
            ValueError: An argument or the data are wrong; nothing was trained then.

        Example:
            >>> import kerastorch as keras, numpy as np
            >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
            >>> model.compile(optimizer="sgd", loss="mse")
            >>> sorted(model.fit(np.zeros((8, 4)), np.zeros((8, 1)), verbose=0).history)
            ['loss']
        """
        given = arguments.given(locals(), "fit")
        compiled = self._need_compiled("fit")
        strategy = compiled.plan.strategy
        strategy.start()
        arguments.check_fit(unknown, epochs, initial_epoch, validation_freq, validation_split, validation_data)
        arguments.check_sizes(given)
        if validation_split:
            (x, y, sample_weight), validation_data = split(x, y, sample_weight, validation_split)
        epochs, steps_per_epoch = arguments.limited(epochs, steps_per_epoch)
        state = RunState(epoch=initial_epoch, seed=strategy.agree(torch.initial_seed() + self._fits))
        train = _source(
            compiled.plan, "fit", x, y, sample_weight, batch_size=batch_size, shuffle=shuffle, seed=state.seed,
            steps=steps_per_epoch, class_weight=class_weight, check=check_data,
        )  # fmt: skip
        held_out = self._validation_source(validation_data, validation_batch_size or batch_size, validation_steps)
        program = self._prepare(train, initial_epoch, check=check_data, usage="fit", held_out=held_out)
        watching = self._watching(compiled.plan, callbacks, verbose, epochs, train, add_history=True)
        watching.validate_monitors(self._names(program, held_out))
        loop, step = Loop(state, watching, strategy.any), training_step(on_oom, program, state, verbose)
        phase = Phase.make("train", train, step, watching, program.plan.steps_per_execution)
        together = strategy.hooks(state, watching.steers or program.manual, verbose != 0)
        phase.batch_end = (*phase.batch_end, *together)
        give_logger(self, watching.callbacks, {**compiled.plan.settings(), **train.settings(), "seed": state.seed})
        self._run, self.stop_training = state, False
        try:
            elsewhere = strategy.launch(ranks.fit, self, given)
            if elsewhere is not None:
                return ranks.take_back(self, given, elsewhere)
            profiled(phase, watching, profile, strategy.rank)
            loop.run(phase, epochs, self._validator(held_out, program, watching, validation_freq), self._finish)
        finally:
            self._run = None
            self.__dict__["_fits"] = self._fits + 1
            close_all(train, held_out)
        assert watching.history is not None
        return watching.history

    def _watching(
        self, plan: Plan, callbacks: Any, verbose: Any, epochs: int, source: DataSource, add_history: bool = False
    ) -> CallbackList:
        return CallbackList(
            callbacks, add_history=add_history, add_progbar=verbose != 0, model=self, rank=plan.strategy.rank,
            verbose=verbose, epochs=epochs, steps=source.num_batches,
        )  # fmt: skip

    def _finish(self) -> None:
        """After the last epoch: an optimizer that averages weights puts the average in place."""
        finalize = getattr(self.optimizer, "finalize_variable_values", None)
        if finalize is not None:
            finalize(self.optimizer.param_groups[0]["params"] if self.optimizer.param_groups else [])

    def _validation_source(self, data: Any, batch_size: int | None, steps: int | None) -> DataSource | None:
        if data is None:
            return None
        parts = data if isinstance(data, (tuple, list)) and len(data) in (2, 3) else (data,)
        x, y, weight = (*parts, None, None)[:3]
        _, steps = arguments.limited(None, steps)
        plan = self._need_compiled("fit").plan
        size = batch_size if y is not None else None
        return _source(plan, "validation_data", x, y, weight, batch_size=size, shuffle=False, steps=steps)

    def _validator(
        self, source: DataSource | None, program: ModelProgram, watching: CallbackList, freq: int | Sequence[int]
    ) -> Callable[[int], dict[str, Any]]:
        if source is None:
            return lambda epoch: {}
        phase = Phase.make("test", source, EvalStep(program, program.plan, RunState()), watching)

        def validate(epoch: int) -> dict[str, Any]:
            due = (epoch + 1) % freq == 0 if isinstance(freq, int) else epoch + 1 in freq
            if not due:
                return {}
            return {f"val_{name}": value for name, value in self._test(phase, watching).items()}

        return validate

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
        source = _source(
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
        source = _source(plan, "predict", x, batch_size=batch_size, shuffle=False, steps=steps)
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

    @property
    def stop_training(self) -> bool:
        """Set it to True (in a callback) to end training after this batch."""
        return bool(self.__dict__.get("_stop_training"))

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.__dict__["_stop_training"] = bool(value)
        if value and self._run is not None:
            self._run.request_stop("stop_training")

    # -- single batches ---------------------------------------------------------------------------------------------

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
        source = _source(
            compiled.plan, method, x, y, weight, batch_size=max(size, 1), shuffle=False, class_weight=class_weight
        )
        program = self._prepare(source, check=False, usage=method)
        step = make(program, program.plan, RunState())
        logs = Loop(step.state, CallbackList(None)).run_once(Phase(source, step))
        return logs if return_dict else self._as_list(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        return self.predict(x, batch_size=max(len(nested.flatten(x)[0]), 1), verbose=0)

    # -- getting ready ----------------------------------------------------------------------------------------------

    def _place(self, plan: Plan, source: DataSource, epoch: int = 0) -> tuple[Batch, Any]:
        """Build what is not built, move the model to the device; a first batch and its outputs (or their shapes)."""
        batch = source.peek(epoch)
        plan.precision.prepare(self)
        plan.strategy.place(self)
        outputs = compiling.outputs_for(self, plan, batch)
        plan.strategy.place(self)
        compiling.follow(self.optimizer, plan.strategy.distribute(self))
        return batch, outputs

    def _prepare(
        self, source: DataSource, epoch: int = 0, *, check: bool, usage: str, held_out: DataSource | None = None
    ) -> ModelProgram:
        """Everything that must be true before the first step."""
        compiled = self._need_compiled(usage)
        checks.check_inputs(self, source.peek(epoch))
        batch, outputs = self._place(compiled.plan, source, epoch)
        self.optimizer = compiling.bound_optimizer(self, self.optimizer)
        if self._program is None or not self._program.fits(batch.y, outputs):
            others = compiling.own_metrics(self)
            objective = Objective(others=others)
            if outputs is not None:
                objective = compiled.objective(batch.y, outputs, self._output_names(), others)
            plan = compiling.with_scaled_loss(compiled.plan, self.optimizer)
            self._program = ModelProgram(self, self.base, objective, plan, self.optimizer)
            self._program.note(batch.y, outputs)
        self._program.optimizer = self.optimizer
        self._program.renew()
        self._program.objective.to(compiled.plan.device)
        checks.check_targets(self._program, self, batch, outputs, usage)
        checks.check_held_out(self._program, self, held_out, outputs)
        if check:
            checks.scan(self._program, [s for s in (source, held_out) if s is not None], outputs, finite=usage == "fit")
        if check and usage == "fit":
            check_all_used(self._program, batch)
        return self._program

    def _names(self, program: ModelProgram, held_out: DataSource | None) -> list[str]:
        names = list(fetch(program.objective.results()))
        return [*names, *(f"val_{n}" for n in names if held_out is not None), "learning_rate"]


def _source(plan: Plan, usage: str, x: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> DataSource:
    """The source of a run's batches: this rank's rows, where the plan has several ranks."""
    return choose(
        x, y, sample_weight, usage=usage, device=plan.device, part=plan.part, ranks=plan.strategy.ranks, **options
    )
