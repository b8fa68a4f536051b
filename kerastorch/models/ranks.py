"""A run on several ranks, seen from the model: sent to them, brought back, its outputs put in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from kerastorch.base import nested
from kerastorch.callbacks import History
from kerastorch.data.share import Share
from kerastorch.models.collector import Collector
from kerastorch.runtime import shipping

_NOT_SENT_BACK = ("_model", "params")


def fit(model: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """On a rank: train, and give back all that training changed.

    Args:
        model: The model, compiled.
        given: The arguments of `fit`; the data were looked through before.
    """
    history = model.fit(**{**given, "check_data": False})
    strategy = model._need_compiled("fit").plan.strategy
    return {
        "model": strategy.whole(model.state_dict()),
        "optimizer": None if model.optimizer is None else strategy.whole(model.optimizer.state_dict()),
        "history": (history.epoch, history.history, history.params),
        "callbacks": [_state_of(callback) for callback in _callbacks(given)],
        "stop_training": model.stop_training,
    }


def take_back(model: Any, given: Mapping[str, Any], found: Mapping[str, Any]) -> History:
    """Where the ranks were started: let the model, its optimizer and the callbacks be what training made of them."""
    model.load_state_dict(found["model"])
    if found["optimizer"] is not None:
        model.optimizer.load_state_dict(found["optimizer"])
    for callback, state in zip(_callbacks(given), found["callbacks"], strict=True):
        callback.__dict__.update(state)
    history = next((c for c in _callbacks(given) if isinstance(c, History)), History())
    history.set_model(model)
    history.epoch, history.history, history.params = found["history"]
    model.history = history
    model.stop_training = found["stop_training"]
    return history


def _callbacks(given: Mapping[str, Any]) -> list[Any]:
    return [] if given["callbacks"] is None else nested.flatten(given["callbacks"])


def _state_of(callback: Any) -> dict[str, Any]:
    """What a callback noted; what cannot travel (an open file) stays where it is."""
    return {k: v for k, v in vars(callback).items() if k not in _NOT_SENT_BACK and shipping.can_travel(v)}


class RankCollector(Collector):
    """Gathers the outputs of all ranks, each row once, in the order of the data.

    Args:
        strategy: The ranks.
    """

    def __init__(self, strategy: Any) -> None:
        super().__init__(None)
        self.strategy = strategy
        self.totals: list[int] = []

    def __call__(self, outputs: Any, size: int, total: int | None = None) -> None:
        self.totals.append(size if total is None else total)
        super().__call__(nested.map_structure(lambda leaf: torch.as_tensor(leaf)[:size], outputs), size)

    def result(self) -> Any:
        return nested.map_structure(self._in_order, super().result())

    def _in_order(self, own: Any) -> Any:
        held = [part.numpy() for part in self.strategy.gather(torch.from_numpy(np.ascontiguousarray(own)))]
        taken, rows = [0] * len(held), []
        for total in self.totals:
            for rank, array in enumerate(held):
                size = Share.of(total, rank, len(held)).size
                rows.append(array[taken[rank] : taken[rank] + size])
                taken[rank] += size
        return np.concatenate(rows)


def collector_for(strategy: Any, samples: int | None) -> Collector:
    """What gathers the outputs of `predict`.

    Args:
        strategy: The ranks.
        samples: Rows to come, or None.
    """
    return Collector(samples) if strategy.world_size == 1 else RankCollector(strategy)
