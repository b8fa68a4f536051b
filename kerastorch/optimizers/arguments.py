"""Checks of the arguments that optimizers share."""

from __future__ import annotations

import math
import warnings
from typing import Any

from kerastorch.base import errors

COMMON = (
    "learning_rate",
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
    "name",
)


def refuse_unknown(cls: type, kwargs: dict[str, Any]) -> None:
    if kwargs.pop("decay", None) is not None:
        warnings.warn("`decay` is ignored, as in Keras 3; give a schedule as `learning_rate`.", stacklevel=4)
    if "lr" in kwargs:
        raise errors.type_error(
            f"{cls.__name__}: unknown keyword argument",
            expected="`learning_rate`",
            received=errors.Said("'lr'"),
            remedy=f"Write `{cls.__name__}(learning_rate={kwargs['lr']!r})`.",
        )
    if kwargs:
        own = [n for n in cls.__init__.__code__.co_varnames[1 : cls.__init__.__code__.co_argcount] if n not in COMMON]  # type: ignore[misc]
        raise errors.unexpected_keywords(cls.__name__, kwargs, [*COMMON[:1], *own, *COMMON[1:]])


def check_number(
    name: str, value: Any, low: float, high: float = math.inf, optional: bool = False, below_high: bool = False
) -> None:
    """Raise unless `value` is a number in [low, high], or in [low, high) when `below_high`."""
    if value is None and optional:
        return
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high or (below_high and value == high):
        limits = f">= {low:g}" if high == math.inf else f"in [{low:g}, {high:g}{')' if below_high else ']'}"
        raise errors.value_error(
            f"`{name}`", expected=f"a number {limits}" + (" or None" if optional else ""), received=value
        )


def check_count(name: str, value: Any, least: int) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise errors.value_error(f"`{name}`", expected=f"an integer >= {least} or None", received=value)


def check_one_clip(**limits: float | None) -> None:
    given = {name: value for name, value in limits.items() if value is not None}
    if len(given) > 1:
        raise errors.value_error(
            "Gradient clipping", expected="only one of `clipnorm`, `clipvalue`, `global_clipnorm`", received=given
        )
