"""How older spellings are spoken of, and what steps of 2019 return."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any


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
