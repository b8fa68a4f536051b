"""A run on several ranks that this process starts: what is done on them, and what comes back."""

from __future__ import annotations

from typing import Any

import torch

from kerastorch.engine.state import RunState
from kerastorch.runtime import shipping

_KEPT = (
    *("hooks", "fitting", "evaluation", "optimizers", "lr_scheduler_configs", "lightning_module", "datamodule"),
    *("given", "dataloaders"),
)


def launch(trainer: Any, method: str, module: Any, given: dict[str, Any]) -> tuple[bool, Any]:
    """Where ranks are started: run a method of the Trainer on them, and take back what they made.

    Args:
        trainer: The Trainer.
        method: "fit", "validate", "test" or "predict".
        module: The module.
        given: The other arguments.

    Returns:
        Whether ranks ran, and what the method returned on the first one.
    """
    found = trainer.plan.strategy.launch(run, trainer, method, module, given)
    if found is None:
        return False, None
    module.load_state_dict(found["module"])
    module.trainer = trainer
    trainer.lightning_module, trainer.fitting = module, Ended(found["state"], found["figures"]["stepped"])
    trainer.current_epoch, trainer.should_stop = found["state"].epoch, found["figures"]["should_stop"]
    trainer.record.callback, trainer.record.logged = found["figures"]["callback"], found["figures"]["logged"]
    trainer.record.bar, trainer.state.status = found["figures"]["bar"], "finished"
    for callback, state in zip(trainer.callbacks, found["callbacks"], strict=True):
        vars(callback).update(state)
    return True, found["result"]


class Ended:
    """Stands for a fit that other processes made.

    Args:
        state: Where it ended.
        stepped: Batches after which an update was made.
    """

    validation = phase = None

    def __init__(self, state: RunState, stepped: int) -> None:
        self.state, self.stepped = state, stepped


def run(trainer: Any, method: str, module: Any, given: dict[str, Any]) -> dict[str, Any]:
    """On a rank: run the method, and give back all that it changed."""
    result = getattr(trainer, method)(module, **given)
    strategy, record, fit = trainer.plan.strategy, trainer.record, trainer.fitting
    own = list(map(_state, trainer.own_callbacks))
    figures = {
        "callback": trainer.callback_metrics, "logged": record.logged, "bar": record.bar,
        "should_stop": trainer.should_stop, "stepped": 0 if fit is None else fit.stepped,
    }  # fmt: skip
    return {
        "module": strategy.whole(module.state_dict()),
        "state": RunState() if fit is None else fit.state,
        "figures": _on_host(figures),
        "callbacks": own,
        "result": _on_host(result),
    }


def sendable(trainer: Any) -> dict[str, Any]:
    """What of a Trainer travels to the ranks."""
    sent = {name: value for name, value in vars(trainer).items() if name not in _KEPT}
    fit = trainer.fitting
    return sent if fit is None else {**sent, "fitting": Ended(fit.state, fit.stepped)}


def _state(callback: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(callback).items() if shipping.can_travel(value)}


def _on_host(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, dict):
        return {key: _on_host(part) for key, part in value.items()}
    return [_on_host(part) for part in value] if isinstance(value, list) else value
