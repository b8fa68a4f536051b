"""`LambdaCallback`: hooks from functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerastorch.base import errors
from kerastorch.lightning.callbacks.callback import Callback

_HOOKS = [name for name in vars(Callback) if name.startswith("on_") or name in ("setup", "teardown")]


class LambdaCallback(Callback):
    """Calls functions as hooks.

    Args:
        **hooks: Hook -> function, with the hook's arguments.

    Raises:
        ValueError: A name is that of no hook.

    Example:
        >>> LambdaCallback(setup=lambda trainer, module, stage: print(stage)).setup(None, None, "fit")
        fit
    """

    def __init__(self, **hooks: Callable[..., Any] | None) -> None:
        for name, function in hooks.items():
            if name not in _HOOKS:
                raise errors.unknown_name("hook of LambdaCallback", name, _HOOKS)
            if function is not None:
                self.__dict__[name] = function
