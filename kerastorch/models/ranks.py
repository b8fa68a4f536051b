"""A run on several ranks, seen from the model: what is done on them, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastorch.base import nested
from kerastorch.callbacks import History
from kerastorch.callbacks.profiler import Profiler
from kerastorch.runtime import shipping
from kerastorch.runtime.launch import Interrupted

_NOT_SENT_BACK = ("_model", "params")


def launch(strategy: Any, model: Any, given: Mapping[str, Any]) -> History | None:
    """Where ranks are started: train on them, and take back what they made; None where nothing is started.

    Raises:
        KeyboardInterrupt: The user interrupted; what was trained until then is taken back.
    """
    if given.get("profile") not in (False, None):
        Profiler.of(given.get("profile"))  # refused before any process starts
    try:
        found = strategy.launch(fit, model, given)
    except Interrupted as stopped:
        take_back(model, given, stopped.result)
        raise KeyboardInterrupt from None
    return None if found is None else take_back(model, given, found)


def fit(model: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """On a rank: train, and give back all that training changed.

    Args:
        model: The model, compiled.
        given: The arguments of `fit`; the data were looked through before.
    """
    try:
        history = model.fit(**{**given, "check_data": False})
    except KeyboardInterrupt:  # on all ranks, after the same batch
        history = model.history
    strategy = model._need_compiled("fit").plan.strategy
    return {
        "model": strategy.whole(model.state_dict()),
        "optimizer": None if model.optimizer is None else strategy.whole(model.optimizer.state_dict()),
        "history": (history.epoch, history.history, history.params),
        "callbacks": [_state_of(callback) for callback in _callbacks(given)],
        "stop_training": bool(strategy.any(model.stop_training or None)),
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
    held = [] if given["callbacks"] is None else nested.flatten(given["callbacks"])
    return [*held, given.get("profile")] if isinstance(given.get("profile"), Profiler) else held


def _state_of(callback: Any) -> dict[str, Any]:
    """What a callback noted; what cannot travel (an open file) stays where it is."""
    return {k: v for k, v in vars(callback).items() if k not in _NOT_SENT_BACK and shipping.can_travel(v)}
