"""How older spellings are spoken of, and what steps of 2019 return."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from kerastorch.base import errors

# arguments that hooks had -> what they get
OLDER: dict[str, Any] = {
    "optimizer_idx": 0, "opt_idx": 0, "dataloader_idx": 0, "on_tpu": False, "using_native_amp": False,
    "using_lbfgs": False, "second_order_closure": None,
}  # fmt: skip


def tell(method: Callable[..., Any], text: str) -> None:
    """Say that a method of the user's is of earlier years, once, as if its own first line had said so.

    Python shows deprecations that stand in a script, and hides those in libraries.

    Args:
        method: The method.
        text: What to write today.

    Example:
        >>> with warnings.catch_warnings(record=True) as told:
        ...     warnings.simplefilter("always")
        ...     tell(tell, "`tell` is called `say` today.")
        >>> told[0].filename == tell.__code__.co_filename
        True
    """
    function: Any = inspect.unwrap(method)
    code = getattr(function, "__code__", None)
    if code is None:
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return
    names = function.__globals__
    registry = names.setdefault("__warningregistry__", {})
    warnings.warn_explicit(
        text, DeprecationWarning, code.co_filename, code.co_firstlineno, names.get("__name__"), registry
    )


def as_today(method: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    """A hook of the user's so that it can be called as today's is, though it has arguments of earlier years.

    Args:
        method: The hook.
        original: That of the base class.

    Example:
        >>> def today(self, epoch, optimizer, closure): ...
        >>> def mine(epoch, optimizer, optimizer_idx, closure, on_tpu):
        ...     return epoch, optimizer, optimizer_idx, closure, on_tpu
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     as_today(mine, today)(3, "sgd", "f")
        (3, 'sgd', 0, 'f', False)
    """
    names = list(inspect.signature(original).parameters.values())
    own = list(inspect.signature(method).parameters.values())
    if any(p.kind is p.VAR_POSITIONAL for p in (*names, *own)):
        return method
    known, mine = {p.name for p in names}, {p.name for p in own}
    wants = [p.name for p in own if p.name in OLDER and p.default is p.empty]
    older, newer = [name for name in wants if name not in known], [n for n in known - mine if n in OLDER]
    if older:
        tell(method, f"{', '.join(f'`{name}`' for name in older)} of {original.__name__}: leave it out today.")
    if not wants and not newer:
        return method

    @functools.wraps(method)
    def called(*args: Any, **kwargs: Any) -> Any:
        rest = list(args)
        given = [OLDER[p.name] if p.name in older or (p.name in wants and not rest) else rest.pop(0)
                 for p in own if rest or p.name in wants]  # fmt: skip
        return method(*given, **kwargs)

    return called


def ended(module: Any, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
    """A step whose results go through `training_step_end` and its like, which modules of earlier years have.

    Args:
        module: The module.
        name: The step's name.
        step: The step.
    """
    end = getattr(module, f"{name}_end", None)
    if not callable(end):
        return step
    tell(end, f"`{name}_end` of {type(module).__name__}: write what it does at the end of `{name}` today.")

    @functools.wraps(step)
    def called(*args: Any, **kwargs: Any) -> Any:
        return end(step(*args, **kwargs))

    return called


def older_argument(method: str, name: str, value: Any, called: str, older: dict[str, Any]) -> Any:
    """An argument of a Trainer's method, which may have come by its name of earlier years.

    Args:
        method: The method.
        name: The argument.
        value: What came by this name.
        called: Its older name.
        older: What came by names that the method does not have.

    Raises:
        TypeError: There is another name among these.
    """
    unknown = [one for one in older if one != called]
    if unknown:
        raise errors.unexpected_keywords(method, unknown, [name])
    if called not in older:
        return value
    warnings.warn(f"`{called}` of {method}: write `{name}` today.", DeprecationWarning, stacklevel=3)
    return older[called]


def log_returned(module: Any, found: Mapping[str, Any], rest: Mapping[str, Any] | None = None) -> None:
    """Log a dict as methods of 2019 return it: "log" is for loggers, "progress_bar" for the bar.

    Args:
        module: The module.
        found: What its method returned.
        rest: More figures, for callbacks.
    """
    shown, logged = found.get("progress_bar", {}), found.get("log", {})
    for name, value in {**(rest or {}), **shown, **logged}.items():
        module.log(name, value, prog_bar=name in shown, logger=name in logged, batch_size=1)
