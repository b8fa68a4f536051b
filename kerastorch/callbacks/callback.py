"""The base class of callbacks: `keras.callbacks.Callback`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from torch.nn.parallel import DistributedDataParallel

from kerastorch.base import registry
from kerastorch.checkpoint.plain import is_plain

Logs = Mapping[str, Any]
Hook = Callable[..., Any]

# Every hook without its "on_", in the order in which a run reaches them.
HOOKS = (
    *("train_begin", "epoch_begin", "train_batch_begin", "train_batch_end"),
    *("test_begin", "test_batch_begin", "test_batch_end", "test_end"),
    *("epoch_end", "train_end"),
    *("predict_begin", "predict_batch_begin", "predict_batch_end", "predict_end"),
    *("batch_begin", "batch_end"),
    "exception",
)


@registry.register("callbacks")
class Callback:
    """Something that is told how a run goes: subclass it and override the hooks you need.

    Only hooks that are overridden are ever called. In batch hooks `logs` is a mapping whose values are fetched from the
    device when they are read, so a hook that reads them at every batch makes the host wait for the device.

    Attributes:
        params: The run's parameters: "verbose", "epochs", "steps".
        model: The model that is run. Set `model.stop_training = True` to stop.
        rank_zero_only: Whether, of several processes that train together, only the first calls it: True for what
            prints or writes files.
        gathers: Whether, though it is for the first only, the others call it too where each holds a part of the
            weights, since these are gathered from all.
        acts_last: Whether it is called after all callbacks that do not say so.

    Example:
        >>> class Report(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(epoch, logs["loss"])
        >>> Report().on_epoch_end(0, {"loss": 0.5})
        0 0.5
    """

    params: dict[str, Any]
    rank_zero_only = False
    gathers = False
    acts_last = False

    def __init__(self) -> None:
        self.params = {}
        self._model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the run's parameters."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model that will be run."""
        self._model = model

    @property
    def model(self) -> Any:
        """The model itself, without a `DistributedDataParallel` around it."""
        return self._model.module if isinstance(self._model, DistributedDataParallel) else self._model

    def validate_monitors(self, available: Collection[str]) -> None:
        """Refuse, before the first step, a name that no log will have.

        Args:
            available: The names that the epoch logs of this run will have.

        Raises:
            ValueError: A name that this callback needs is not among them.
        """

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint of the run keeps of this callback: by default all attributes that are plain values.

        Of these, only what has changed since training began is written down, and taken back when it is resumed.
        """
        return plain_attributes(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what a checkpoint kept; called after `on_train_begin` of the run that goes on."""
        self.__dict__.update(state)

    def on_exception(self, exception: BaseException) -> None:
        """When training ends by an error, an interrupt or a signal; the error goes on afterwards."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name for `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name for `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch of `fit`; `epoch` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch of `fit` and its validation; `logs` has training values, and the validation's as "val_..."."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training batch; `batch` counts from 0 in every epoch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training batch; `logs` has the values over the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of `evaluate` or of the validation in `fit`."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of `evaluate` or of the validation in `fit`; `logs` has the values so far."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of `predict`; `logs["outputs"]` has its outputs."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """At the beginning of `fit`."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """At the end of `fit`; `logs` is that of the last epoch."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """At the beginning of `evaluate` or of a validation in `fit`."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """At the end of `evaluate` or of a validation in `fit`; `logs` has its results."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """At the beginning of `predict`."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """At the end of `predict`."""


def plain_attributes(callback: Any) -> dict[str, Any]:
    """The attributes of a callback that a checkpoint can hold.

    Example:
        >>> callback = Callback()
        >>> callback.seen = 3
        >>> plain_attributes(callback)
        {'seen': 3}
    """
    return {k: v for k, v in vars(callback).items() if k not in ("_model", "params") and is_plain(v)}


def overriding(callback: Any, hook: str) -> Hook | None:
    """The method of `callback` that listens to `hook`, or None when it has only the base class's empty one.

    Args:
        callback: A callback, or any object with Keras's hooks (real Keras callbacks mark their empty hooks).
        hook: One of `HOOKS`.

    Example:
        >>> overriding(Callback(), "epoch_end") is None
        True
    """
    name = f"on_{hook}"
    method: Hook | None = getattr(callback, name, None)
    empty = getattr(method, "__func__", None) is getattr(Callback, name) or getattr(method, "_is_default", False)
    if method is not None and not empty:
        return method
    return overriding(callback, hook.removeprefix("train_")) if hook.startswith("train_batch_") else None
