"""Functions as a callback: `keras.callbacks.LambdaCallback`."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors, registry
from kerastorch.callbacks.callback import HOOKS, Callback, Hook


@registry.register("callbacks")
class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin: Called as `f(epoch, logs)`.
        on_epoch_end: Called as `f(epoch, logs)`.
        on_train_begin: Called as `f(logs)`.
        on_train_end: Called as `f(logs)`.
        on_train_batch_begin: Called as `f(batch, logs)`.
        on_train_batch_end: Called as `f(batch, logs)`.
        **kwargs: A function for any other hook of `Callback`, by the hook's name.

    Raises:
        TypeError: A keyword is no hook, or a value is not callable.

    Example:
        >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> callback.on_epoch_end(0, {"loss": 0.5})
        0 0.5
    """

    def __init__(
        self,
        on_epoch_begin: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_train_begin: Hook | None = None,
        on_train_end: Hook | None = None,
        on_train_batch_begin: Hook | None = None,
        on_train_batch_end: Hook | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        known = [f"on_{hook}" for hook in HOOKS]
        unknown = [name for name in kwargs if name not in known]
        if unknown:
            raise errors.unexpected_keywords("LambdaCallback", unknown, known)
        kwargs.update(on_epoch_begin=on_epoch_begin, on_epoch_end=on_epoch_end)
        kwargs.update(on_train_begin=on_train_begin, on_train_end=on_train_end)
        kwargs.update(on_train_batch_begin=on_train_batch_begin, on_train_batch_end=on_train_batch_end)
        for name, function in kwargs.items():
            if function is None:
                continue
            if not callable(function):
                raise errors.type_error(f"`{name}` of LambdaCallback", expected="a function", received=function)
            setattr(self, name, function)
