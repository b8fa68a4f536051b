"""Lightning callbacks in a `fit` of the Keras dialect."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from kerastorch.base import errors
from kerastorch.callbacks import Callback as KerasCallback
from kerastorch.callbacks.callback import Logs
from kerastorch.lightning.bridge.compiled_module import CompiledModule
from kerastorch.lightning.bridge.fit_trainer import FitTrainer
from kerastorch.lightning.callbacks import Callback
from kerastorch.lightning.hooks import overridden

# Hooks within a step: `fit` tells nobody of them.
_WITHIN = ("on_before_zero_grad", "on_before_backward", "on_after_backward")
_REMEDY = "Train with a Trainer: `Trainer(callbacks=[...]).fit(model.to_lightning(), loader)`."
_BATCHES = {f"on_train_batch_{edge}": f"on_train_batch_{ours}" for edge, ours in (("begin", "start"), ("end", "end"))}


class Unseen:
    """Stands for what `fit` does not show to callbacks: who looks at it is told so.

    Args:
        name: What it stands for.

    Example:
        >>> Unseen("batch")[0]
        Traceback (most recent call last):
        TypeError: `batch` in fit: expected a callback that does not look at it, received None. Train with a Trainer...
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python's own questions
            raise AttributeError(name)
        return self._refuse()

    def _refuse(self, *args: Any) -> Any:
        expected = "a callback that does not look at it"
        raise errors.type_error(f"`{self._name}` in fit", expected=expected, received=None, remedy=_REMEDY)

    __getitem__ = __iter__ = __len__ = __contains__ = _refuse


_BATCH, _OUTPUTS = Unseen("batch"), Unseen("outputs")


class LightningCallbacks(KerasCallback):
    """Tells Lightning callbacks how a `fit` goes: `fit` makes it of those in its `callbacks`.

    They get a `FitTrainer` and the model as `to_lightning` gives it. `fit` shows nobody its batches, nor what its
    steps return: a callback that looks at `batch` or `outputs` is told to watch a Trainer.

    Example:
        >>> from kerastorch.lightning.callbacks import Timer
        >>> observers = []
        >>> Timer().join_fit(observers)
        >>> [type(one).__name__ for one in observers]
        ['LightningCallbacks']
    """

    def __init__(self) -> None:
        super().__init__()
        self.callbacks: list[Any] = []
        self.trainer: Any = None
        self.kind = "test"  # what a pass without gradients is
        self.held_out: dict[str, Any] = {}  # what was logged in a validation
        self._handle: Any = None

    @classmethod
    def join(cls, callback: Any, observers: list[Any]) -> None:
        """Add a callback to those that watch a `fit`.

        Raises:
            TypeError: It needs what only a Trainer has.
        """
        _refuse(callback)
        own = next((one for one in observers if isinstance(one, cls)), None)
        if own is None:
            observers.append(own := cls())
        own.callbacks.append(callback)
        own.acts_last = own.acts_last or callback.saves
        for name, theirs in _BATCHES.items():  # only where somebody listens
            if overridden(callback, theirs, Callback) is not None:
                setattr(own, name, getattr(own, f"_{name}"))

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        self.trainer = FitTrainer(model, CompiledModule(model), self.callbacks)

    def validate_monitors(self, available: Collection[str]) -> None:
        for one in self.callbacks:
            name = getattr(one, "monitor", None)
            if isinstance(name, str) and getattr(one, "strict", True) and name not in available:
                raise errors.unknown_name(f"`monitor` of {type(one).__name__} among the figures", name, available)

    def state_dict(self) -> dict[str, Any]:
        return {one.state_key: one.state_dict() for one in self.callbacks}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for one in self.callbacks:
            if state.get(one.state_key):
                one.load_state_dict(state[one.state_key])

    def _call(self, name: str, *args: Any) -> None:
        for hook in self.trainer.hooks.of(self.callbacks, name):
            hook(*args)

    def _begin(self, stage: str) -> None:
        self.trainer.begin(stage, self.params)
        self._call("setup", stage)

    # -- training ---------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._begin("fit")
        trainer, self.kind = self.trainer, "validation"
        if trainer.hooks.of(self.callbacks, "on_before_optimizer_step") and trainer.optimizers:
            self._handle = trainer.optimizers[0].register_step_pre_hook(self._before_update)
        self._call("on_fit_start")
        trainer.record.active = trainer.record.training
        self._call("on_train_start")

    def _before_update(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        self._call("on_before_optimizer_step", optimizer)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.trainer.current_epoch = epoch
        self._call("on_train_epoch_start")

    def _on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.trainer.record.begin_batch(None)
        self._call("on_train_batch_start", _BATCH, batch)

    def _on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.trainer.logs = logs or {}
        self._call("on_train_batch_end", _OUTPUTS, _BATCH, batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        trainer, fitting = self.trainer, self.trainer.fitting
        trainer.settle(logs or {})
        trainer.processed = epoch + 1
        fitting.ended = fitting.steps or 0
        for late in (False, True):  # those that look at figures come last
            some = [one for one in self.callbacks if one.monitors is late]
            for hook in trainer.hooks.of(some, "on_train_epoch_end"):
                hook()
        if isinstance(logs, dict):
            logs.update({**self.held_out, **trainer.settle({})})
        self.held_out = {}
        trainer.record.reset()
        trainer.current_epoch, fitting.before, fitting.ended = epoch + 1, fitting.before + fitting.ended, 0

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.kind = "test"
        if self._handle is not None:
            self._handle.remove()
        self._call("on_train_end")
        self._call("on_fit_end")
        self._call("teardown", "fit")

    # -- evaluation -------------------------------------------------------------------------------------------------

    def on_test_begin(self, logs: Logs | None = None) -> None:
        trainer = self.trainer
        if self.kind == "test":
            self._begin("test")
        else:
            trainer.figures.update(trainer.logs)  # as long as they are those of training
            trainer.logs, trainer.state.stage = {}, "validate"
        trainer.record.active = trainer.record.evaluation
        self._call(f"on_{self.kind}_start")
        self._call(f"on_{self.kind}_epoch_start")

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call(f"on_{self.kind}_batch_start", _BATCH, batch)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call(f"on_{self.kind}_batch_end", _OUTPUTS, _BATCH, batch)

    def on_test_end(self, logs: Any = None) -> None:
        trainer, within = self.trainer, self.kind == "validation"
        trainer.settle(logs or {}, "val_" if within else "test_")
        self._call(f"on_{self.kind}_epoch_end")
        self.held_out = trainer.settle({})
        self._call(f"on_{self.kind}_end")
        trainer.record.reset()
        if within:
            trainer.state.stage, trainer.record.active = "train", trainer.record.training
        else:
            self._call("teardown", "test")

    # -- prediction -------------------------------------------------------------------------------------------------

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._begin("predict")
        self._call("on_predict_start")
        self._call("on_predict_epoch_start")

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_predict_batch_start", _BATCH, batch)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_predict_batch_end", (logs or {}).get("outputs"), _BATCH, batch)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._call("on_predict_epoch_end")
        self._call("on_predict_end")
        self._call("teardown", "predict")

    def on_exception(self, exception: BaseException) -> None:
        """Tell of an error."""
        if self._handle is not None:
            self._handle.remove()
        self._call("on_exception", exception)


def _refuse(callback: Any) -> None:
    """Refuse what `fit` has no hooks for."""
    needed = [name for name in _WITHIN if overridden(callback, name, Callback) is not None]
    if needed or callback.only_in_trainer:
        raise errors.type_error(
            f"{type(callback).__name__} in `callbacks` of fit",
            expected="a callback that does without a Trainer",
            received=errors.Said(f"one with `{needed[0]}`" if needed else "one that changes a Trainer"),
            remedy=_REMEDY,
        )
