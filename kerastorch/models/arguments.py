"""The checks of `fit`, `evaluate` and `predict` that need no data."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from kerastorch import config
from kerastorch.base import errors

_METHODS: dict[str, list[str]] = {}


def know(method: str, function: Any) -> None:
    """Remember the parameters of a method, to say which one a misspelt keyword meant."""
    _METHODS[method] = [n for n in inspect.signature(function).parameters if n not in ("self", "unknown")]


def given(local: Mapping[str, Any], method: str) -> dict[str, Any]:
    """The arguments that a method was called with, to call it again.

    Args:
        local: The method's `locals()` before anything was changed.
        method: Its name.
    """
    return {name: local[name] for name in _METHODS[method]}


def refuse_unknown(method: str, unknown: Mapping[str, Any]) -> None:
    """Raise when there are keyword arguments that a method does not have.

    Raises:
        TypeError: There are; the message names the nearest known ones.
    """
    if unknown:
        raise errors.unexpected_keywords(method, unknown, _METHODS.get(method, []))


def check_fit(
    unknown: Mapping[str, Any], epochs: Any, initial_epoch: Any, freq: Any, fraction: Any, validation_data: Any
) -> None:
    """Check the arguments of `fit` that concern epochs and validation.

    Raises:
        ValueError: One is wrong, or two contradict each other.
        TypeError: A keyword is unknown.
    """
    refuse_unknown("fit", unknown)
    _whole("epochs", epochs, 0)
    _whole("initial_epoch", initial_epoch, 0)
    if initial_epoch > epochs:
        raise errors.value_error(
            "`initial_epoch` of fit",
            expected=f"at most epochs={epochs}",
            received=initial_epoch,
            remedy="`epochs` is the epoch to end before, not a number of further epochs.",
        )
    if isinstance(freq, Iterable):
        for epoch in freq:
            _whole("validation_freq", epoch, 1)
    else:
        _whole("validation_freq", freq, 1)
    if fraction and validation_data is not None:
        raise errors.value_error(
            "`validation_split` of fit",
            expected="0 beside `validation_data`",
            received=fraction,
            remedy="Pass one of them.",
        )


def check_sizes(given: Mapping[str, Any]) -> None:
    """Check the arguments of `fit` that count batches and samples, and `shuffle`.

    Args:
        given: The arguments.

    Raises:
        ValueError: One is wrong.
    """
    shuffle = given["shuffle"]
    sizes = {name: given[name] for name in ("steps_per_epoch", "validation_steps", "validation_batch_size")}
    for name, value in sizes.items():
        if value is not None:
            _whole(name, value, 1)
    if shuffle != "batch" and not any(shuffle is v or shuffle == v for v in (True, False)):
        raise errors.value_error(
            "`shuffle` of fit",
            expected="True, False or 'batch'",
            received=shuffle,
            remedy='Write `shuffle="batch"` to shuffle whole batches.',
        )


def _whole(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        remedy = f"Write `{name}={max(least, 1)}`, without quotes."
        raise errors.value_error(f"`{name}` of fit", expected=f"an integer >= {least}", received=value, remedy=remedy)


def limited(epochs: int | None, steps: int | None) -> tuple[Any, int | None]:
    """Epochs and steps under the limits of `keras.config`."""
    most_epochs, most_steps = config.max_epochs(), config.max_steps_per_epoch()
    if most_epochs is not None and epochs is not None:
        epochs = min(epochs, most_epochs)
    if most_steps is not None:
        steps = most_steps if steps is None else min(steps, most_steps)
    return epochs, steps
