"""All callbacks of a run as one: `keras.callbacks.CallbackList`."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from kerastorch.base import errors, nested, registry
from kerastorch.base.sharded import has_shards
from kerastorch.callbacks.callback import HOOKS, Callback, Hook, Logs, overriding, plain_attributes
from kerastorch.callbacks.history import History
from kerastorch.callbacks.progbar_logger import ProgbarLogger
from kerastorch.checkpoint.plain import copied, same

_HOOKS_OF_A_CALLBACK = ("set_params", "set_model", "on_epoch_end", "on_train_batch_end")


@registry.register("callbacks")
class CallbackList(Callback):
    """Calls many callbacks as one.

    For each hook there is a tuple of the bound methods that listen to it, under the hook's name without "on_"
    (`train_batch_end`, `epoch_begin`, ...). It is empty when no callback overrides the hook, so a loop written as
    `for hook in callbacks.train_batch_end: hook(batch, logs)` pays nothing for hooks that nobody overrides. The
    `on_...` methods do the same, and give epoch and end hooks a plain dict of floats in sorted order, as Keras does.

    Args:
        callbacks: A callback, a (nested) list of them, or None. Objects with Keras's hooks count as callbacks, and
            those with `join_fit(observers)`, which add to the list what watches for them.
        add_history: Whether to add a `History` when there is none.
        add_progbar: Whether to add a `ProgbarLogger` when there is none.
        model: The model, for `set_model`.
        rank: Which process of several this is: those that print or write are for rank 0 only.
        **params: The run's parameters ("verbose", "epochs", "steps"), for `set_params`.

    Raises:
        TypeError: Something in `callbacks` is no callback.

    Example:
        >>> class Report(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(epoch, logs["loss"])
        >>> callbacks = CallbackList([Report()])
        >>> callbacks.on_epoch_end(0, {"loss": 0.5})
        0 0.5
        >>> len(callbacks.epoch_end), callbacks.train_batch_end
        (1, ())
    """

    train_begin: tuple[Hook, ...]
    train_end: tuple[Hook, ...]
    test_begin: tuple[Hook, ...]
    test_end: tuple[Hook, ...]
    predict_begin: tuple[Hook, ...]
    predict_end: tuple[Hook, ...]
    epoch_begin: tuple[Hook, ...]
    epoch_end: tuple[Hook, ...]
    train_batch_begin: tuple[Hook, ...]
    train_batch_end: tuple[Hook, ...]
    test_batch_begin: tuple[Hook, ...]
    test_batch_end: tuple[Hook, ...]
    predict_batch_begin: tuple[Hook, ...]
    predict_batch_end: tuple[Hook, ...]
    batch_begin: tuple[Hook, ...]
    batch_end: tuple[Hook, ...]
    exception: tuple[Hook, ...]

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        rank: int = 0,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = []
        for callback in [] if callbacks is None else nested.flatten(callbacks):
            _join(callback, self.callbacks)
        if add_history and not any(isinstance(c, History) for c in self.callbacks):
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self._added = [name for c in self.callbacks for name in getattr(c, "adds_to_logs", ())]
        self._on_some_rank = [*self.callbacks]
        self._begun: dict[str, dict[str, Any]] = {}
        if rank > 0:
            shards = has_shards(model)
            self.callbacks = [c for c in self.callbacks if _is_for_all(c) or (shards and getattr(c, "gathers", False))]
        self._find_hooks()
        self.set_model(model)
        self.set_params(params)

    def append(self, callback: Any) -> None:
        """Add a callback at the end, with this list's model and parameters.

        Raises:
            TypeError: It is no callback.
        """
        before = len(self.callbacks)
        _join(callback, self.callbacks)
        for joined in self.callbacks[before:]:
            self._on_some_rank.append(joined)
            self._added += getattr(joined, "adds_to_logs", ())
            if self.model is not None:
                joined.set_model(self.model)
            if self.params:
                joined.set_params(self.params)
        self._find_hooks()

    def _find_hooks(self) -> None:
        ordered = sorted(self.callbacks, key=_turn)
        for hook in HOOKS:
            found = (overriding(callback, hook) for callback in ordered)
            setattr(self, hook, tuple(method for method in found if method is not None))

    @property
    def steers(self) -> bool:
        """Whether a callback, here or on another rank, may end the run after a batch; ours for rank 0 do not."""
        own = (c for c in self._on_some_rank if not getattr(c, "agrees_itself", False))
        may = (c for c in own if _is_for_all(c) or not type(c).__module__.startswith("kerastorch."))
        return any(overriding(c, "train_batch_end") or overriding(c, "train_batch_begin") for c in may)

    @property
    def history(self) -> History | None:
        """The `History` among the callbacks, or None."""
        return next((c for c in self.callbacks if isinstance(c, History)), None)

    def set_params(self, params: dict[str, Any]) -> None:
        """Give every callback the run's parameters; empty ones are not handed on."""
        super().set_params(params)
        for callback in self.callbacks if params else ():
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Give every callback the model; None is not handed on."""
        if model is None:
            return
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def validate_monitors(self, available: Collection[str]) -> None:
        """Ask every callback whether the names it needs will be in the logs."""
        known = [*available, *self._added]
        for callback in self.callbacks:
            if isinstance(callback, Callback):
                callback.validate_monitors(known)

    # -- what a checkpoint keeps ------------------------------------------------------------------------------------

    def note(self) -> None:
        """Remember the callbacks' state as it is now: only what changes later is kept."""
        self._begun = {}
        self._begun = {key: copied(state) for key, state in self.state_dict().items()}

    def state_dict(self) -> dict[str, dict[str, Any]]:
        """What has changed in each callback since `note`."""
        found: dict[str, dict[str, Any]] = {}
        for key, callback in self._named():
            before = self._begun.get(key, {})
            state = callback.state_dict() if hasattr(callback, "state_dict") else plain_attributes(callback)
            found[key] = {k: v for k, v in state.items() if k not in before or not same(before[k], v)}
        return found

    def load_state_dict(self, state: dict[str, dict[str, Any]]) -> None:
        """Give each callback what was kept of it; callbacks that came or went are left alone."""
        for key, callback in self._named():
            known = state.get(key)
            if known is None:
                continue
            load = getattr(callback, "load_state_dict", None)
            load(known) if load is not None else vars(callback).update(known)

    def _named(self) -> list[tuple[str, Any]]:
        """The callbacks of this rank by class, those of one class numbered; the same names on all ranks."""
        here, counts, named = {id(callback) for callback in self.callbacks}, Counter[str](), []
        for callback in self._on_some_rank:
            kind = type(callback).__name__
            counts[kind] += 1
            if id(callback) in here:
                named.append((f"{kind} {counts[kind]}", callback))
        return named

    def on_exception(self, exception: BaseException) -> None:
        for hook in self.exception:
            try:
                hook(exception)
            except Exception as error:  # the first error is the one to be told
                warnings.warn(f"While training ended by {type(exception).__name__}: {error!r}", stacklevel=2)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        _call(self.train_begin, plain_logs(logs))

    def on_train_end(self, logs: Logs | None = None) -> None:
        _call(self.train_end, plain_logs(logs))

    def on_test_begin(self, logs: Logs | None = None) -> None:
        _call(self.test_begin, plain_logs(logs))

    def on_test_end(self, logs: Logs | None = None) -> None:
        _call(self.test_end, plain_logs(logs))

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        _call(self.predict_begin, plain_logs(logs))

    def on_predict_end(self, logs: Logs | None = None) -> None:
        _call(self.predict_end, plain_logs(logs))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        _call(self.epoch_begin, epoch, plain_logs(logs))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        _call(self.epoch_end, epoch, plain_logs(logs))

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        _call(self.train_batch_begin, batch, {} if logs is None else logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        _call(self.train_batch_end, batch, {} if logs is None else logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        _call(self.test_batch_begin, batch, {} if logs is None else logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        _call(self.test_batch_end, batch, {} if logs is None else logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        _call(self.predict_batch_begin, batch, {} if logs is None else logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        _call(self.predict_batch_end, batch, {} if logs is None else logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        _call(self.batch_begin, batch, {} if logs is None else logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        _call(self.batch_end, batch, {} if logs is None else logs)


def _turn(callback: Any) -> int:
    """What adds to the logs comes before what reads them; what writes everything down comes last."""
    if getattr(callback, "acts_last", False):
        return 2
    return 0 if getattr(callback, "adds_to_logs", ()) else 1


def _is_for_all(callback: Any) -> bool:
    return not getattr(callback, "rank_zero_only", False)


def plain_logs(logs: Logs | None) -> dict[str, Any]:
    """A flat dict of floats in sorted order; what is no number stays as it is.

    Args:
        logs: Names to numbers, tensors, or mappings of them; None counts as empty.

    Example:
        >>> plain_logs({"loss": 1, "accuracy": 0.5})
        {'accuracy': 0.5, 'loss': 1.0}
    """
    plain: dict[str, Any] = {}
    for name in sorted(logs or ()):
        value = logs[name]  # type: ignore[index]
        if isinstance(value, Mapping):
            plain.update(plain_logs(value))
            continue
        try:
            plain[name] = float(value)
        except (TypeError, ValueError, RuntimeError):  # a text, an array of several values
            plain[name] = value
    return plain


def _call(hooks: tuple[Hook, ...], *arguments: Any) -> None:
    for hook in hooks:
        hook(*arguments)


def _join(callback: Any, observers: list[Any]) -> None:
    """Add a callback to those that are there; one of another dialect knows itself how."""
    join = None if isinstance(callback, type) else getattr(callback, "join_fit", None)
    if join is None:
        observers.append(_checked(callback))
    else:
        join(observers)


def _checked(callback: Any) -> Any:
    duck = not isinstance(callback, type) and all(hasattr(callback, name) for name in _HOOKS_OF_A_CALLBACK)
    if duck:
        return callback
    remedy = "Subclass `keras.callbacks.Callback`."
    if isinstance(callback, type):
        remedy = f"Pass an instance: `{callback.__name__}(...)`."
    elif callable(callback):
        remedy = "Wrap a function: `keras.callbacks.LambdaCallback(on_epoch_end=...)`."
    raise errors.type_error("`callbacks`", expected="callback objects", received=callback, remedy=remedy)
