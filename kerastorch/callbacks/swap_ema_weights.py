"""Evaluating with averaged weights: `keras.callbacks.SwapEMAWeights`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.base.sharded import copy_each
from kerastorch.callbacks.callback import Callback, Logs


@registry.register("callbacks")
class SwapEMAWeights(Callback):
    """Puts the optimizer's moving averages into the model for evaluation and prediction, and takes them out again.

    The optimizer needs `use_ema=True`. Weights and averages change places in place, on their device.

    Args:
        swap_on_epoch: Whether they also change places from the end of an epoch to the beginning of the next, so that
            callbacks after this one (`ModelCheckpoint`) see the averages.

    Example:
        >>> SwapEMAWeights(swap_on_epoch=True).swap_on_epoch
        True
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._averages_in_model = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._put_averages(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not self.swap_on_epoch:
            return
        self._put_averages(True)
        if epoch == self.params.get("epochs", 0) - 1 or getattr(self.model, "stop_training", False):
            # After the last epoch the optimizer copies its averages into the model; the model has them already.
            for variables, averages in _pairs(self.model.optimizer):
                _copy_all(averages, variables)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._put_averages(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._put_averages(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._put_averages(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._put_averages(False)

    def _put_averages(self, into_model: bool) -> None:
        if self._averages_in_model == into_model:
            return
        for variables, averages in _pairs(self.model.optimizer):
            kept = [variable.detach().clone() for variable in variables]
            _copy_all(variables, averages)
            _copy_all(averages, kept)
        self._averages_in_model = into_model


def _copy_all(targets: Sequence[Tensor], sources: Sequence[Tensor]) -> None:
    with torch.no_grad():
        copy_each([t.detach() for t in targets], [s.detach() for s in sources])


def _pairs(optimizer: Any) -> list[tuple[list[Tensor], list[Tensor]]]:
    """Weights and their averages, of each optimizer that keeps averages.

    Raises:
        ValueError: None does.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    averaging = [part for part in getattr(inner, "optimizers", None) or [inner] if getattr(part, "use_ema", False)]
    slots = [[slot for slot in part.slots() if slot[0] == "average"] for part in averaging]
    found = [([param for _, param, _ in part], [average for _, _, average in part]) for part in slots]
    if not found:
        raise errors.value_error(
            "SwapEMAWeights",
            expected="an optimizer that keeps moving averages of the weights",
            received=optimizer,
            remedy="Make the optimizer with `use_ema=True`.",
        )
    return found
