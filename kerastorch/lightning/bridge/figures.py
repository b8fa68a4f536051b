"""The figures of a Keras model, as objects that `self.log` takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from kerastorch.engine.logs import flat
from kerastorch.engine.snapshot import Snapshot
from kerastorch.models.program import ModelProgram


class Figures:
    """What a model's losses and metrics say of a pass over data.

    Args:
        program: The model, as the engine runs it.
        strategy: Where the ranks are.

    Attributes:
        told: What the model's own step said of its last batch; None where there is no such step.
    """

    def __init__(self, program: ModelProgram, strategy: Any) -> None:
        self.program, self.strategy = program, strategy
        self.told: Mapping[str, Any] | None = None
        self._now: dict[str, Any] | None = None
        self._logged: dict[str, list[Figure]] = {}

    def log(self, module: Any, prefix: str) -> None:
        """Let a module log all of them, after a batch."""
        self._now = None
        if prefix not in self._logged:
            names = dict(flat(self._results()))
            self._logged[prefix] = [Figure(self, name, f"{prefix}{name}") for name in names]
        for figure in self._logged[prefix]:
            module.log(figure.logged, figure, on_step=False, on_epoch=True, prog_bar=True)

    def _results(self) -> Mapping[str, Any]:
        return self.program.results() if self.told is None else self.told

    def now(self) -> dict[str, Any]:
        """Those of all ranks, by name; the counting ends with it."""
        if self._now is None:
            self.strategy.synchronize(self.program.objective)
            told = self.program.told if self.told is None else self.told
            if told is not None:
                told = self.strategy.figures(dict(flat(told)), self.program.counted)
            self._now = dict(flat(self.program.results() if told is None else told))
        return self._now

    def reset(self) -> None:
        """Start a pass."""
        self.program.reset()
        self.told = self._now = None

    def kept(self) -> Any:
        """What has been counted so far, to be put back by `restore`."""
        return Snapshot(*self.program.accumulators(), place=None), self.program.told, self.told

    def restore(self, kept: Any) -> None:
        """Go on counting where `kept` was asked for."""
        snapshot, self.program.told, self.told = kept
        snapshot.restore()
        self._now = None


class Figure:
    """One figure, with the methods that `self.log` asks of a metric.

    Args:
        figures: All of them.
        name: Its name in the model.
        logged: Its name in the log.
    """

    def __init__(self, figures: Figures, name: str, logged: str) -> None:
        self.figures, self.name, self.logged = figures, name, logged

    def compute(self) -> Tensor:
        """Its value over the pass, on the device."""
        return torch.as_tensor(self.figures.now()[self.name])

    def reset(self) -> None:
        """All start anew together, by `Figures.reset`."""
