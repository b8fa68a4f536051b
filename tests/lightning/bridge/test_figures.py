"""Figures count, stop and go on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

import kerastorch as keras
from kerastorch.data.batch import Batch
from kerastorch.lightning.bridge.figures import Figures
from kerastorch.runtime.strategy import SingleDevice


def _figures() -> Figures:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", metrics=["mae"])
    model.evaluate(torch.zeros(2, 2), torch.zeros(2, 1), verbose=0)
    return Figures(model._program, SingleDevice(torch.device("cpu")))


def _count(figures: Figures, value: float, rows: int) -> None:
    figures.program.validation_step(Batch(torch.full((rows, 2), value), torch.zeros(rows, 1), size=rows))


def test_figures_are_weighted_means_and_can_be_put_aside() -> None:
    figures, logged = _figures(), dict[str, Any]()
    module = SimpleNamespace(log=lambda name, figure, **how: logged.update({name: figure}))
    figures.reset()
    _count(figures, 1.0, 3)
    _count(figures, 0.0, 1)
    figures.log(module, "val_")
    assert {name: float(figure.compute()) for name, figure in logged.items()} == {"val_loss": 3.0, "val_mae": 1.5}
    kept = figures.kept()
    figures.reset()
    _count(figures, 2.0, 1)
    figures.log(module, "val_")
    assert float(logged["val_mae"].compute()) == 4.0
    logged["val_mae"].reset()  # all of them start anew together
    assert float(logged["val_mae"].compute()) == 4.0
    figures.restore(kept)
    _count(figures, 0.0, 2)
    figures.log(module, "val_")
    assert {name: float(figure.compute()) for name, figure in logged.items()} == {"val_loss": 2.0, "val_mae": 1.0}


def test_what_a_step_tells_counts() -> None:
    figures, logged = _figures(), dict[str, Any]()
    module = SimpleNamespace(log=lambda name, figure, **how: logged.update({name: figure}))
    figures.told = {"own": 2, "more": {"inner": torch.tensor(3.0)}}
    figures.log(module, "")
    assert {name: float(figure.compute()) for name, figure in logged.items()} == {"own": 2.0, "inner": 3.0}
