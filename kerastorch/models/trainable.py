"""`compile`, `fit`, `evaluate`, `predict`: the methods every model has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from kerastorch import optimizers
from kerastorch.callbacks import CallbackList, History
from kerastorch.callbacks.checkpointing import surviving
from kerastorch.callbacks.profiler import profiled
from kerastorch.data.batch import Batch
from kerastorch.data.order import Shuffle
from kerastorch.data.source import DataSource, closing
from kerastorch.data.split import validation_split as split
from kerastorch.distribution.distributions import options
from kerastorch.engine.logs import fetch
from kerastorch.engine.loop import Loop, Phase
from kerastorch.engine.objective import Objective
from kerastorch.engine.resumable import Resumable
from kerastorch.engine.state import RunState
from kerastorch.engine.step import EvalStep
from kerastorch.loggers.access import give_logger
from kerastorch.models import arguments, checks, compiling, ranks
from kerastorch.models.compiled import Compiled
from kerastorch.models.evaluating import Evaluating, source_for
from kerastorch.models.program import ModelProgram
from kerastorch.models.tuning import training_step
from kerastorch.models.unused import check_all_used
from kerastorch.runtime import heartbeat
from kerastorch.runtime.plan import Plan


class Trainable(Evaluating):
    """What makes a module trainable by `fit`; `Model` is a layer with this."""

    history: History | None = None
    _run: RunState | None = None
    _resumable: Resumable | None = None
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
        checkpoint_dir: Any = None,
        resume: Any = None,
        save_every: Any = "epoch",
        elastic: bool = False,
        check_data: bool = True,
        on_oom: str = "raise",
        on_nonfinite: str = "ignore",
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
            checkpoint_dir: A folder for checkpoints of the whole run, from which it can go on to the same bits; see
                `callbacks.Checkpointing`.
            resume: "auto" to go on from the newest checkpoint in `checkpoint_dir`, if there is one; or a path.
            save_every: "epoch", or the number of batches between two checkpoints.
            elastic: Whether another number of devices may go on with a checkpoint, if not to the same bits.
            check_data: Whether the data are looked through once for NaN, infinities and impossible labels.
            on_oom: "raise", or "split": a batch that does not fit into memory is processed in pieces, see
                `engine.splitting_step`.
            on_nonfinite: "ignore", or "raise": a NaN or infinity ends the run before the update, see
                `engine.guarded_step`.
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
        strategy = self._need_compiled("fit").plan.strategy
        strategy.start()
        arguments.check_fit(unknown, epochs, initial_epoch, validation_freq, validation_split, validation_data)
        arguments.check_sizes(given)
        epochs, _ = arguments.limited(epochs, None)
        state, train, held_out = self._sources(given)
        with ExitStack() as around:
            around.enter_context(closing(train, held_out))
            watching, phase, validate = self._ready(given, state, train, held_out, epochs)
            around.enter_context(self._running(state, watching))
            elsewhere = ranks.launch(strategy, self, given)
            if elsewhere is not None:
                return elsewhere
            profiled(phase, watching, profile, strategy.rank)
            Loop(state, watching, strategy.any).run(phase, epochs, validate, self._finish)
        assert watching.history is not None
        return watching.history

    @contextmanager
    def _running(self, state: RunState, watching: CallbackList) -> Iterator[None]:
        """Around the epochs: callbacks reach the run by the model, and hear of an error."""
        self._run, self.stop_training = state, False
        try:
            yield
        except BaseException as error:
            watching.on_exception(error)
            raise
        finally:
            self._run = self._resumable = None
            self.__dict__["_fits"] = self._fits + 1

    def _sources(self, given: dict[str, Any]) -> tuple[RunState, DataSource, DataSource | None]:
        """The cursor of `fit`, and where its batches come from."""
        plan = self._need_compiled("fit").plan
        x, y, weight, held_out = (given[name] for name in ("x", "y", "sample_weight", "validation_data"))
        if given["validation_split"]:
            (x, y, weight), held_out = split(x, y, weight, given["validation_split"])
        _, steps = arguments.limited(None, given["steps_per_epoch"])
        state = RunState(epoch=given["initial_epoch"], seed=plan.strategy.agree(torch.initial_seed() + self._fits))
        train = source_for(
            plan, "fit", x, y, weight, batch_size=given["batch_size"], shuffle=given["shuffle"], seed=state.seed,
            steps=steps, class_weight=given["class_weight"], check=given["check_data"],
        )  # fmt: skip
        size = given["validation_batch_size"] or given["batch_size"]
        return state, train, self._validation_source(held_out, size, given["validation_steps"])

    def _ready(
        self, given: dict[str, Any], state: RunState, train: DataSource, held_out: DataSource | None, epochs: int
    ) -> tuple[CallbackList, Phase, Callable[[int], dict[str, Any]]]:
        """Check and make all that a training needs before its first batch."""
        verbose, check = given["verbose"], given["check_data"]
        callbacks = surviving(given)
        program = self._prepare(train, state.epoch, check=check, usage="fit", held_out=held_out)
        strategy, settings = program.plan.strategy, {**program.plan.settings(), **train.settings(), "seed": state.seed}
        watching = self._watching(program.plan, callbacks, verbose, epochs, train, add_history=True)
        watching.validate_monitors(self._names(program, held_out))
        step = training_step(given["on_oom"], given["on_nonfinite"], program, train, state, verbose)
        phase = Phase.make("train", train, step, watching, program.plan.steps_per_execution)
        together = strategy.hooks(state, watching.steers or program.manual, verbose != 0)
        phase.batch_begin, phase.batch_end = heartbeat.around(state, phase.batch_begin, phase.batch_end, together)
        give_logger(self, watching.callbacks, settings)
        self._resumable = Resumable(state, step, train, watching)
        validate = self._validator(held_out, program, watching, given["validation_freq"])
        return watching, phase, validate

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
        return source_for(plan, "validation_data", x, y, weight, batch_size=size, shuffle=False, steps=steps)

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
        self._program = self._program_for(compiled.plan, batch, outputs)
        checks.check_targets(self._program, self, batch, outputs, usage)
        checks.check_held_out(self._program, self, held_out, outputs)
        if check:
            checks.scan(self._program, [s for s in (source, held_out) if s is not None], outputs, finite=usage == "fit")
        if check and usage == "fit":
            check_all_used(self._program, batch)
        return self._program

    def _program_for(self, plan: Plan, batch: Batch, outputs: Any) -> ModelProgram:
        """What the engine runs under a plan, for targets and outputs of these shapes."""
        program = self._program
        if program is None or not program.fits(plan, batch.y, outputs):
            others = compiling.own_metrics(self)
            objective = Objective(others=others)
            if outputs is not None:
                objective = self._need_compiled("fit").objective(batch.y, outputs, self._output_names(), others)
            scaled = compiling.with_scaled_loss(plan, self.optimizer)
            program = ModelProgram(self, self.base, objective, scaled, self.optimizer)
            program.note(plan, batch.y, outputs)
        program.optimizer = self.optimizer
        program.renew()
        program.objective.to(plan.device)
        return program

    def _names(self, program: ModelProgram, held_out: DataSource | None) -> list[str]:
        names = list(fetch(program.objective.results()))
        return [*names, *(f"val_{n}" for n in names if held_out is not None), "learning_rate"]
