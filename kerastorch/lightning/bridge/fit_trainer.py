"""What stands for a Trainer where Lightning callbacks watch a `fit` of the Keras dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch

from kerastorch.engine.logs import fetch
from kerastorch.engine.state import RunState
from kerastorch.lightning import checkpoint
from kerastorch.lightning.callbacks import Callback
from kerastorch.lightning.hooks import Hooks
from kerastorch.lightning.knowing import Knowing
from kerastorch.lightning.optimizers import Schedulers

_OFF = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)


@dataclass
class Fitting:
    """Where the `fit` stands, as callbacks ask a Trainer.

    Attributes:
        state: The cursor.
        steps: Batches in an epoch, where they are known.
        before: Batches of earlier epochs.
        ended: Batches of the epoch that has just ended; 0 within one.
    """

    state: RunState
    steps: int | None = None
    before: int = 0
    ended: int = 0

    within = None
    automatic = True
    phase = validation = None
    schedulers = Schedulers((), None, dict)
    step = SimpleNamespace(batch=None, due=True)

    @property
    def num_batches(self) -> int | None:
        """Batches in an epoch."""
        return self.steps

    @property
    def source(self) -> Fitting:
        """Here too."""
        return self

    @property
    def done(self) -> int:
        """Batches of this epoch that are done."""
        return self.state.batch or self.ended

    @property
    def seen(self) -> int:
        """Batches of all epochs so far."""
        return self.before + self.state.batch

    @property
    def stepped(self) -> int:
        """Updates so far, less that of the batch whose end is told."""
        return max(self.state.step - 1, 0) if self.state.batch else self.state.step


class FitTrainer(Knowing):
    """The attributes of a Trainer, for a `fit`, `evaluate` or `predict`.

    Args:
        model: The Keras model.
        module: What callbacks get as `pl_module`.
        callbacks: The Lightning callbacks.
    """

    def __init__(self, model: Any, module: Any, callbacks: list[Any]) -> None:
        self.keras = model
        super().__init__(max_epochs=1, accelerator="cpu", **_OFF)
        self.lightning_module, self.own_callbacks, self.callbacks = module, callbacks, callbacks
        self.hooks = Hooks(self, module, callbacks, Callback)
        self.figures: dict[str, Any] = {}
        self.logs: Mapping[str, Any] = {}
        self.fitting = Fitting(RunState())
        module.trainer = self

    def begin(self, stage: str, params: Mapping[str, Any]) -> None:
        """A run begins: take over what the model knows now."""
        model = self.keras
        self.state.fn, self.state.stage = stage, "train" if stage == "fit" else stage
        self.max_epochs = params.get("epochs") or 1
        if model._compiled is not None:
            self.plan = model._compiled.plan
            self.record.strategy = self.plan.strategy
        self.loggers = list(model.loggers)
        self.optimizers = [model.optimizer] if isinstance(model.optimizer, torch.optim.Optimizer) else []
        if stage == "fit":
            self.fitting = Fitting(model._run or RunState(), params.get("steps"))
            self.current_epoch = self.processed = self.fitting.state.epoch
        self.record.forget()
        self.figures, self.logs = {}, {}

    @property
    def should_stop(self) -> bool:
        """Whether training is to end; may be set."""
        return bool(self.keras.stop_training)

    @should_stop.setter
    def should_stop(self, wanted: bool) -> None:
        if wanted:
            self.keras.stop_training = True

    @property
    def callback_metrics(self) -> dict[str, Any]:
        """The figures by name, as tensors."""
        found = {name: torch.as_tensor(value) for name, value in {**self.figures, **self.logs}.items()}
        return {**found, **super().callback_metrics}

    def settle(self, logs: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
        """A pass is over: keep its figures; returns those that callbacks have logged."""
        self.figures.update({f"{prefix}{name}": value for name, value in logs.items()})
        self.logs, self.record.on_step = {}, False
        return fetch(self.record.note())

    def save_checkpoint(self, filepath: Any, weights_only: bool = False, storage_options: Any = None) -> None:
        """Write a checkpoint that a Trainer can go on from with `model.to_lightning()`.

        Args:
            filepath: The file.
            weights_only: Whether the optimizer and callbacks are left out.
            storage_options: Accepted.
        """
        found = checkpoint.dump(self, weights_only=True)
        if not weights_only:
            whole = self.plan.strategy.whole
            found["optimizer_states"] = [whole(one.state_dict()) for one in self.optimizers]
            found["lr_schedulers"] = []
            states = ((callback.state_key, callback.state_dict()) for callback in self.callbacks)
            found["callbacks"] = {key: state for key, state in states if state}
            for hook in self.hooks.of(self.callbacks, "on_save_checkpoint"):
                hook(found)
        if self.is_global_zero:
            checkpoint.write(filepath, found)
        self.plan.strategy.any(None)

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print, in the first process only."""
        if self.is_global_zero:
            print(*args, **kwargs)
