"""A compiled model as the engine sees it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import errors, nested
from kerastorch.callbacks import Callback
from kerastorch.data.batch import Batch
from kerastorch.engine.logs import flat
from kerastorch.engine.objective import Objective
from kerastorch.engine.snapshot import Snapshot
from kerastorch.engine.state import RunState
from kerastorch.engine.step import TrainStep
from kerastorch.nn.layer import Layer
from kerastorch.nn.tracking import live
from kerastorch.nn.weights import penalized, penalty
from kerastorch.runtime.plan import Plan

# The methods of a model that a user may override to change what a step does.
DOORS = ("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics")


class ModelProgram:
    """Runs the steps of a compiled model; the model's own, where it overrides them.

    Args:
        model: The model, with `compute_loss` and the other methods that users override.
        base: The class whose methods count as not overridden.
        objective: Losses and metrics.
        plan: The run options.
        optimizer: The optimizer, bound to the parameters.
    """

    def __init__(
        self, model: Any, base: type, objective: Objective, plan: Plan, optimizer: torch.optim.Optimizer | None
    ) -> None:
        self.model = model
        self.module: nn.Module = model
        self.objective = objective
        self.plan = plan
        self.optimizer = optimizer
        own = {name for name in DOORS if getattr(type(model), name) is not getattr(base, name)}
        self.manual = "train_step" in own
        self.own = own
        self.forward: Callable[[Any], Any] = model
        self.outputs: Callable[[Any], Any] = model  # the same, for steps without gradients
        self._wrapped_for: list[int] | None = None
        self.compute_loss = _accepting(model.compute_loss) if "compute_loss" in own else self.loss
        self.told: Mapping[str, Any] | None = None
        self.has_counted = True  # whether this rank may have had a row in this epoch
        self.made_for: Any = None
        self.renew()

    def renew(self) -> None:
        """Look again at what may have changed since the last run: frozen layers, penalties."""
        self.penalized = penalized(self.module)
        self.layers = [m for m in self.module.modules() if isinstance(m, Layer)]
        trained = [id(p) for p in self.trainable_parameters()]
        if trained != self._wrapped_for:
            self._wrapped_for = trained
            strategy = self.plan.strategy
            wrap = strategy.replicate if self.manual else strategy.wrap
            self.forward = wrap(self.model.engine_module)
            self.outputs = torch.compile(self.forward) if self.plan.jit_compile else self.forward

    def note(self, plan: Plan, y: Any, outputs: Any) -> None:
        """Remember for which run options, targets and outputs this was made."""
        self.made_for = plan, _signature(y), _signature(outputs)

    def fits(self, plan: Plan, y: Any, outputs: Any) -> bool:
        """Whether this suits such run options, targets and outputs."""
        return self.made_for == (plan, _signature(y), _signature(outputs))

    def trainable_parameters(self) -> Sequence[Tensor]:
        """The parameters that an update changes."""
        return [p for p in self.module.parameters() if p.requires_grad]

    def stateful(self) -> Mapping[str, Any]:
        """The optimizers, and what else the model holds that has a state but is no module."""
        held = {**vars(self.model), "optimizer": self.optimizer}
        if "engine_step" in vars(self) or (self.manual and self.optimizer is not None):
            held["engine_step"] = self.engine_step
        known = {id(one) for one in self.accumulators()}
        return {name: one for name, one in held.items() if _has_state(one) and id(one) not in known}

    # -- the engine's steps -----------------------------------------------------------------------------------------

    def training_step(self, batch: Batch) -> Tensor:
        """Forward pass, loss and metrics of a batch."""
        if not self.manual:  # else `manual_step` knows the batch of all ranks
            self.objective.whole = batch.total / batch.size if batch.size else 1.0
        y_pred = self.forward(self.plan.precision.inputs(batch.x))
        loss = self.compute_loss(x=batch.x, y=batch.y, y_pred=y_pred, sample_weight=batch.sample_weight)
        self.count(batch, y_pred, loss)
        return loss

    @cached_property
    def engine_step(self) -> TrainStep:
        """The engine's own training step, for a `super().train_step(data)`."""
        return TrainStep(self, self.plan, RunState())

    def manual_step(self, batch: Batch) -> Mapping[str, Any]:
        """The model's own `train_step`."""
        self.objective.whole = batch.total / batch.size if batch.size else 1.0
        with self._counting(batch):
            return self._logs("train_step", self.model.train_step(batch.data))

    def validation_step(self, batch: Batch) -> Mapping[str, Any] | None:
        """Forward pass, loss and metrics; or the model's own `test_step`."""
        self.objective.whole = batch.total / batch.size if batch.size else 1.0
        if "test_step" in self.own:
            with self._counting(batch):
                return self._logs("test_step", self.model.test_step(batch.data))
        y_pred = self.outputs(self.plan.precision.inputs(batch.x))
        loss = self.compute_loss(x=batch.x, y=batch.y, y_pred=y_pred, sample_weight=batch.sample_weight, training=False)
        self.count(batch, y_pred, loss)
        return self.told

    def predict_step(self, batch: Batch) -> Any:
        """The outputs; or the model's own `predict_step`."""
        if "predict_step" in self.own:
            return self.model.predict_step(batch.data)
        return self.outputs(self.plan.precision.inputs(batch.x))

    def _logs(self, method: str, logs: Any) -> Mapping[str, Any]:
        if not isinstance(logs, Mapping):
            raise errors.type_error(
                f"`{method}` of {type(self.model).__name__}",
                expected="a dict of figures as its result",
                received=logs,
                remedy="End it with `return {m.name: m.result() for m in self.metrics}`.",
            )
        return logs

    # -- figures ----------------------------------------------------------------------------------------------------

    def loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """The compiled loss, with the penalties of weights and what layers added."""
        total = self.objective.loss(y, y_pred, sample_weight)
        for weight in self.penalized:
            total = _plus(total, penalty(weight))
        if live.on:
            for layer in self.layers:
                for added in layer._losses:
                    total = _plus(total, added)
        if total is None:
            raise errors.value_error(
                f"{type(self.model).__name__} has nothing to minimise",
                expected="a `loss` given to `compile`, or `add_loss` in a layer",
                received=None,
                remedy='Compile with a loss, for example loss="mse", or override `train_step` or `compute_loss`.',
            )
        return total

    def count(self, batch: Batch, y_pred: Any, loss: Tensor) -> None:
        """Let the figures of the epoch take in a batch."""
        self.objective.count(loss, batch.size)
        if batch.size:
            self.has_counted = True
            self._measure(batch, y_pred)
        else:
            with self._counting(batch):
                self._measure(batch, y_pred)

    def _measure(self, batch: Batch, y_pred: Any) -> None:
        if "compute_metrics" in self.own:
            self.told = self.model.compute_metrics(batch.x, batch.y, y_pred, batch.sample_weight)
        else:
            self.objective.metrics.update_state(batch.y, y_pred, batch.sample_weight)

    @contextmanager
    def _counting(self, batch: Batch) -> Iterator[None]:
        """Around what counts a batch: of a row that stands in for none no figure stays, but what is made late is made.

        Ranks exchange the state of their metrics, so all must have it.
        """
        before = Snapshot(*self.accumulators(), place=None) if self.has_counted and not batch.size else None
        yield
        if batch.size:
            self.has_counted = True
        elif before is not None:
            before.restore()
        else:
            self.objective.reset()

    def reset(self) -> None:
        """Start a new epoch's figures."""
        self.told, self.has_counted = None, False
        self.objective.reset()

    def accumulators(self) -> Sequence[Any]:
        """The objects that accumulate losses and metrics."""
        return [*self.objective.all_metrics, *(term.metric for term in self.objective.metrics.terms)]

    def synchronize(self) -> None:
        """Let the figures be those of all ranks."""
        self.plan.strategy.synchronize(self.objective)
        if self.told is not None:
            self.told = self.plan.strategy.figures(dict(flat(self.told)), self.counted)

    def counted(self) -> Mapping[str, Any]:
        """The figures of the objective, by name."""
        return dict(flat(self.objective.results()))

    def results(self) -> Mapping[str, Any]:
        """The figures so far, on the device."""
        return self.objective.results() if self.told is None else self.told


def _signature(structure: Any) -> Any:
    """The nesting and the shapes without the batch dimension."""
    return [(path, tuple(getattr(leaf, "shape", ()))[1:]) for path, leaf in nested.flatten_with_path(structure)]


def _has_state(value: Any) -> bool:
    own = not isinstance(value, (nn.Module, Callback, type))
    return own and callable(getattr(value, "state_dict", None)) and callable(getattr(value, "load_state_dict", None))


def _plus(total: Tensor | None, value: Tensor) -> Tensor:
    return value if total is None else total + value


def _accepting(compute_loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A user's `compute_loss`, given only the arguments that it names."""
    parameters = inspect.signature(compute_loss).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return compute_loss
    return lambda **given: compute_loss(**{k: v for k, v in given.items() if k in parameters})
