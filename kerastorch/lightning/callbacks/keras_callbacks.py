"""Callbacks of the Keras dialect in a Trainer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kerastorch.base import errors
from kerastorch.callbacks import BackupAndRestore, CallbackList, ModelCheckpoint, Profiler
from kerastorch.callbacks import Callback as KerasCallback
from kerastorch.callbacks.checkpointing import Checkpointing
from kerastorch.engine.logs import LazyLogs, fetch
from kerastorch.lightning.callbacks.callback import Callback
from kerastorch.loggers import Logger
from kerastorch.models import Model
from kerastorch.models.wrapped import ModuleModel

# What works within `fit` alone, and what to write in a Trainer.
_REFUSED: dict[type, str] = {
    Checkpointing: "Use `kerastorch.lightning.callbacks.ModelCheckpoint` and `trainer.fit(..., ckpt_path=...)`.",
    BackupAndRestore: "Use `kerastorch.lightning.callbacks.ModelCheckpoint` and `trainer.fit(..., ckpt_path=...)`.",
    Profiler: "Use `torch.profiler` around `trainer.fit`.",
    Logger: "Give loggers to `Trainer(logger=...)`.",
}


def gathered(callbacks: list[Any]) -> list[Any]:
    """Callbacks with those of the Keras dialect as one, in the place of the first of them.

    Example:
        >>> from kerastorch.callbacks import History
        >>> [type(one).__name__ for one in gathered([Callback(), History(), History()])]
        ['Callback', 'KerasCallbacks']
    """
    keras = [one for one in callbacks if is_keras(one)]
    if not keras:
        return callbacks
    together, found = KerasCallbacks(keras), []
    for one in callbacks:
        if one is keras[0]:
            found.append(together)
        elif not is_keras(one):
            found.append(one)
    return found


def is_keras(one: Any) -> bool:
    """Whether a callback has the hooks of the Keras dialect."""
    return isinstance(one, KerasCallback) or (hasattr(one, "set_model") and hasattr(one, "on_epoch_end"))


class KerasCallbacks(Callback):
    """Tells Keras callbacks how a Trainer's run goes: a Trainer makes it of those in its `callbacks`.

    Their `self.model` is the Keras model that the module was made of, or else `Model.from_lightning(module)`. The logs
    have the figures under the names that the module logged; a figure of validation whose name is taken by one of
    training is called `val_...`. While validation goes on (`on_test_...`) names lack that beginning, as in Keras.

    Args:
        callbacks: The callbacks.
        model: What their `self.model` is; default as said.
        verbose: What they are told of `verbose`.

    Raises:
        TypeError: One of them cannot work in a Trainer.

    Example:
        >>> from kerastorch.callbacks import EarlyStopping
        >>> len(KerasCallbacks([EarlyStopping("val_loss")]).callbacks)
        1
    """

    monitors = True
    logs = False

    def __init__(self, callbacks: list[Any], model: Any = None, verbose: Any = "auto") -> None:
        for one in callbacks:
            _refuse(one)
        self.callbacks, self.model, self.verbose = callbacks, model, verbose
        self.watching = CallbackList(callbacks)
        self.figures = LazyLogs(dict)
        self.validated: dict[str, Any] = {}
        self.last: dict[str, Any] = {}

    def validate_monitors(self, known: Any) -> None:
        """Refuse a monitored name that no log will have."""
        self.watching.validate_monitors([*known, "learning_rate"])

    def state_dict(self) -> dict[str, Any]:
        return self.watching.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.watching.load_state_dict(state_dict)

    # -- the run ----------------------------------------------------------------------------------------------------

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self.face = Model.from_lightning(pl_module) if self.model is None else self.model
        for one in self.callbacks if stage == "fit" else ():
            _refuse_whole(one, self.face)
        self.watching = CallbackList(self.callbacks, rank=trainer.global_rank, model=self.face)
        self.watching.note()

        def now() -> Mapping[str, Any]:
            found = _figures(trainer.record, running=trainer.world_size == 1)
            return found if trainer.training else _as_evaluate_says(found)

        self.figures = LazyLogs(now)
        for ours, kind in (("train", "train"), ("validation", "test"), ("test", "test"), ("predict", "predict")):
            self._listen(f"on_{ours}_batch_start", getattr(self.watching, f"{kind}_batch_begin"), start=True)
            self._listen(f"on_{ours}_batch_end", getattr(self.watching, f"{kind}_batch_end"), start=False)

    def _listen(self, name: str, hooks: tuple[Any, ...], start: bool) -> None:
        """Have a hook of batches, where one of the callbacks has it."""

        def begin(trainer: Any, module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
            for hook in () if trainer.sanity_checking else hooks:
                hook(batch_idx, None)

        def end(trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
            self.figures.stale = True
            logs: Any = {"outputs": outputs} if trainer.predicting else self.figures
            for hook in () if trainer.sanity_checking else hooks:
                hook(batch_idx, logs)

        self.__dict__.pop(name, None)
        if hooks:
            self.__dict__[name] = begin if start else end

    def _tell_params(self, trainer: Any) -> None:
        steps = trainer.num_training_batches if trainer.state.fn == "fit" else math.inf
        known = {"verbose": self.verbose, "epochs": trainer.max_epochs, "steps": None if steps == math.inf else steps}
        self.watching.set_params(known)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self.face._run = Stopping(trainer)
        self.face.stop_training = False
        self._tell_params(trainer)
        self.watching.on_train_begin()

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self.validated = {}
        self.watching.on_epoch_begin(trainer.current_epoch)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        figures = fetch(_figures(trainer.record))
        held_out = {f"val_{name}" if name in figures else name: value for name, value in self.validated.items()}
        self.last = {**figures, **held_out}
        self.watching.on_epoch_end(trainer.current_epoch, self.last)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        finish(self.face)
        self.watching.on_train_end(self.last)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.sanity_checking:
            if trainer.state.fn != "fit":
                self._tell_params(trainer)
            self.watching.on_test_begin()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.sanity_checking:
            self.validated = fetch(_figures(trainer.record))
            self.watching.on_test_end(_as_evaluate_says(self.validated))

    on_test_start, on_test_end = on_validation_start, on_validation_end

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        self._tell_params(trainer)
        self.watching.on_predict_begin()

    def on_predict_end(self, trainer: Any, pl_module: Any) -> None:
        self.watching.on_predict_end({})

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self.watching.on_exception(exception)


def _as_evaluate_says(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of an evaluation under the names that Keras has while it goes on."""
    return {name.removeprefix("val_").removeprefix("test_"): value for name, value in figures.items()}


class Stopping:
    """What `model.stop_training = True` reaches.

    Args:
        trainer: The Trainer.

    Example:
        >>> from types import SimpleNamespace
        >>> trainer = SimpleNamespace(should_stop=False)
        >>> Stopping(trainer).request_stop("stop_training")
        >>> trainer.should_stop
        True
    """

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer

    def request_stop(self, reason: str) -> None:
        """End training after this batch."""
        self.trainer.should_stop = True


def finish(model: Any) -> None:
    """What `fit` does after its last epoch, before callbacks hear of the end; once in a run."""
    if model._run is not None:
        model._run = None
        model._finish()


def _refuse(callback: Any) -> None:
    """Refuse what cannot work in a Trainer."""
    remedy = next((text for kind, text in _REFUSED.items() if isinstance(callback, kind)), None)
    if isinstance(callback, ModelCheckpoint) and callback._keeps_run:
        remedy = _REFUSED[Checkpointing]
    if remedy is not None:
        raise errors.type_error(
            f"{type(callback).__name__} in `callbacks` of Trainer",
            expected="a callback that does without `fit`",
            received=callback,
            remedy=remedy,
        )


def _refuse_whole(callback: Any, model: Any) -> None:
    """Refuse to write a `.keras` file of what is no Keras model underneath."""
    if isinstance(callback, ModelCheckpoint) and isinstance(model, ModuleModel) and not callback.save_weights_only:
        raise errors.value_error(
            f"ModelCheckpoint({callback.filepath!r}) of {model.name!r}",
            expected="a file of weights, since a torch module has no config",
            received=callback.filepath,
            remedy="Use `save_weights_only=True` and a name ending in .weights.h5, or "
            "`kerastorch.lightning.callbacks.ModelCheckpoint`.",
        )


def _figures(record: Any, running: bool = True) -> Mapping[str, Any]:
    """The figures of the pass so far by all their names, on the device.

    Args:
        record: What was logged.
        running: Whether means over the epoch are wanted, which the ranks compute together.
    """
    found: dict[str, Any] = {}
    for entry in (record.active or {}).values():
        epoch = entry.at_epoch() if entry.on_epoch and running else None
        found[entry.name] = entry.step if epoch is None else epoch
        if entry.on_epoch and entry.on_step:
            found |= {entry.step_name: entry.step, entry.epoch_name: epoch}
    return {name: value for name, value in found.items() if value is not None}
