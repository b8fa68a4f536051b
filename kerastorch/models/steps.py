"""The steps of a model that users override, and the figures they report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import errors, nested
from kerastorch.data.batch import Batch, unpack
from kerastorch.data.convert import to_tensor
from kerastorch.engine.logs import fetch
from kerastorch.models import compiling
from kerastorch.models.compiled import Compiled
from kerastorch.models.program import ModelProgram


class Steps(nn.Module):
    """The doors: `train_step`, `test_step`, `predict_step`, `compute_loss`, `compute_metrics`, `metrics`."""

    optimizer: Any = None
    logger: Any = None
    loggers: Any = ()
    _compiled: Compiled | None = None
    _program: ModelProgram | None = None

    @property
    def base(self) -> type:
        """The class whose step methods count as not overridden."""
        return Steps

    @property
    def engine_module(self) -> nn.Module:
        """The module that steps call."""
        return self

    def train_step(self, data: Any) -> Mapping[str, Any]:
        """One training step; override it to train in your own way.

        Args:
            data: `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            Figures by name.
        """
        batch, program = self._batch(data), self._need_program("train_step")
        program.engine_step(batch)
        return _by_name(program.results())

    def test_step(self, data: Any) -> Mapping[str, Any]:
        """One evaluation step; override it to evaluate in your own way."""
        batch, program = self._batch(data), self._need_program("test_step")
        with torch.no_grad():
            y_pred = program.forward(batch.x)
            program.count(batch, y_pred, program.loss(batch.x, batch.y, y_pred, batch.sample_weight))
        return _by_name(program.results())

    def predict_step(self, data: Any) -> Any:
        """One prediction step; override it to predict in your own way."""
        return self(self._batch(data).x)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """The loss of a batch: the compiled one, with penalties and `add_loss`.

        Args:
            x: Inputs.
            y: Targets.
            y_pred: Outputs.
            sample_weight: Weights, or None.
            training: Whether this is a training step.

        Returns:
            A scalar.
        """
        program = self._need_program("compute_loss", Batch(x, y, sample_weight), y_pred)
        return program.loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Mapping[str, Any]:
        """Count a batch in the compiled metrics, and return all figures so far."""
        self._need_program("compute_metrics").objective.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """All figures so far, by name (tensors on the device)."""
        return _by_name({metric.name: metric.result() for metric in self.metrics})

    @property
    def metrics(self) -> list[Any]:
        """The loss's mean, the compiled metrics as one, and metrics that the model or its layers hold."""
        if self._program is not None:
            return self._program.objective.all_metrics
        return compiling.own_metrics(self)

    @property
    def metrics_names(self) -> list[str]:
        """The names of all figures."""
        return list(fetch(self.get_metrics_result()))

    def reset_metrics(self) -> None:
        """Let all metrics start again."""
        for metric in self.metrics:
            metric.reset_state()

    @property
    def loss(self) -> Any:
        """The loss given to `compile`."""
        return None if self._compiled is None else self._compiled.loss

    def _batch(self, data: Any) -> Batch:
        batch, device = unpack(data), self._current_device()
        for name in ("x", "y", "sample_weight"):
            part = getattr(batch, name)
            if part is not None:
                moved = nested.map_structure(lambda leaf, name=name: to_tensor(leaf, name).to(device), part)
                setattr(batch, name, moved)
        return batch

    def _current_device(self) -> torch.device | None:
        first = next(iter(self.parameters()), None)
        return None if first is None else first.device

    def _need_compiled(self, method: str) -> Compiled:
        if self._compiled is None:
            raise errors.value_error(
                f"`{method}` of model {getattr(self, 'name', type(self).__name__)!r}",
                expected="a compiled model",
                received=errors.Said("one that was not compiled yet"),
                remedy=f'Call `model.compile(optimizer="adam", loss=...)` before `model.{method}(...)`.',
            )
        return self._compiled

    def _need_program(self, method: str, batch: Batch | None = None, y_pred: Any = None) -> ModelProgram:
        if self._program is None:
            compiled = self._need_compiled(method)
            y = None if batch is None else batch.y
            objective = compiled.objective(y, y_pred, self._output_names(), compiling.own_metrics(self))
            self._program = ModelProgram(self, self.base, objective, compiled.plan, self.optimizer)
        return self._program

    def _output_names(self) -> list[str] | None:
        return getattr(self, "output_names", None)


def _by_name(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures by their own names: a metric with several is replaced by them."""
    found: dict[str, Any] = {}
    for name, value in figures.items():
        found.update(value if isinstance(value, Mapping) else {name: value})
    return found
