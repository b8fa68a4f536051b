"""Process-wide settings (`keras.config`): float type, epsilon, image layout, dtype policy, logging, step limits.

Where Keras keeps a settings file this library keeps none: settings live as long as the process.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from kerastorch.base import errors
from kerastorch.base.policy import DTypePolicy as DTypePolicy
from kerastorch.base.policy import dtype_policy as dtype_policy
from kerastorch.base.policy import floatx as floatx
from kerastorch.base.policy import set_dtype_policy as set_dtype_policy
from kerastorch.base.policy import set_floatx as set_floatx


@dataclass
class _Settings:
    epsilon: float = 1e-7
    image_data_format: str = "channels_last"
    interactive_logging: bool = True
    traceback_filtering: bool = False
    max_epochs: int | None = None
    max_steps_per_epoch: int | None = None


_settings = _Settings()


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite (default 1e-7, as in Keras).

    Example:
        >>> epsilon()
        1e-07
    """
    return _settings.epsilon


def set_epsilon(value: float) -> None:
    """Set what `epsilon()` returns.

    Args:
        value: A small positive number.

    Raises:
        ValueError: `value` is not a positive number.
    """
    if not isinstance(value, (int, float)) or not value > 0:
        raise errors.value_error("`value` of set_epsilon", expected="a positive number", received=value)
    _settings.epsilon = float(value)


def image_data_format() -> str:
    """The default image layout: "channels_last" or "channels_first".

    Example:
        >>> image_data_format()
        'channels_last'
    """
    return _settings.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set what `image_data_format()` returns.

    Args:
        data_format: "channels_last" (N, H, W, C) or "channels_first" (N, C, H, W).

    Raises:
        ValueError: Any other value.
    """
    _settings.image_data_format = standardize_data_format(data_format)


def standardize_data_format(data_format: str | None) -> str:
    """A layer's `data_format` argument, checked; None means the default.

    Raises:
        ValueError: Neither "channels_last" nor "channels_first".

    Example:
        >>> standardize_data_format(None)
        'channels_last'
    """
    if data_format is None:
        return _settings.image_data_format
    if str(data_format).lower() not in ("channels_last", "channels_first"):
        raise errors.value_error("`data_format`", expected="'channels_last' or 'channels_first'", received=data_format)
    return str(data_format).lower()


def is_interactive_logging_enabled() -> bool:
    """Whether `verbose="auto"` draws a progress bar (True) or prints a line an epoch."""
    return _settings.interactive_logging


def enable_interactive_logging() -> None:
    """Let `verbose="auto"` draw progress bars (the default)."""
    _settings.interactive_logging = True


def disable_interactive_logging() -> None:
    """Let `verbose="auto"` print plain lines."""
    _settings.interactive_logging = False


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks are shortened. Always False by default: this library's calls are few enough to show."""
    return _settings.traceback_filtering


def enable_traceback_filtering() -> None:
    """Accepted for Keras's sake; tracebacks stay whole."""
    _settings.traceback_filtering = True


def disable_traceback_filtering() -> None:
    """Accepted for Keras's sake; tracebacks are whole anyway."""
    _settings.traceback_filtering = False


def max_epochs() -> int | None:
    """The most epochs any `fit` runs, or None for no limit."""
    return _settings.max_epochs


def set_max_epochs(value: int | None) -> None:
    """Limit the epochs of every `fit` (for smoke tests of long scripts); None lifts the limit."""
    _settings.max_epochs = _limit("max_epochs", value)


def max_steps_per_epoch() -> int | None:
    """The most steps any epoch, evaluation or prediction runs, or None for no limit."""
    return _settings.max_steps_per_epoch


def set_max_steps_per_epoch(value: int | None) -> None:
    """Limit the steps of every epoch, evaluation and prediction; None lifts the limit."""
    _settings.max_steps_per_epoch = _limit("max_steps_per_epoch", value)


def _limit(name: str, value: int | None) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise errors.value_error(f"`{name}`", expected="an integer >= 1 or None", received=value)
    return value


def backend() -> str:
    """The name of the backend: always "torch"."""
    return "torch"


def set_backend(name: str) -> None:
    """Accept "torch" and refuse anything else.

    Raises:
        ValueError: `name` is another backend.
    """
    if name != "torch":
        raise errors.value_error(
            "`backend`",
            expected="'torch', the only one here",
            received=name,
            remedy="Use Keras itself for other backends.",
        )


def in_notebook() -> bool:
    """Whether this process is a Jupyter kernel."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None  # other packages import ipykernel, too
