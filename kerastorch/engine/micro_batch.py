"""The search for the largest micro-batch that fits into memory."""

from __future__ import annotations

from collections.abc import Callable

from kerastorch.base import errors

MODES = ("power", "binsearch")


def divisors(number: int) -> list[int]:
    """The divisors of a number, in growing order.

    Example:
        >>> divisors(12)
        [1, 2, 3, 4, 6, 12]
    """
    low = [d for d in range(1, int(number**0.5) + 1) if number % d == 0]
    return [*low, *(number // d for d in reversed(low) if d * d != number)]


def check(mode: str, max_trials: int) -> None:
    """Check the arguments of a search.

    Raises:
        ValueError: One is wrong.
    """
    if mode not in MODES:
        raise errors.unknown_name("`mode` of auto_scale_batch_size", mode, MODES)
    if isinstance(max_trials, bool) or not isinstance(max_trials, int) or max_trials < 1:
        raise errors.value_error(
            "`max_trials` of auto_scale_batch_size", expected="an integer >= 1", received=max_trials
        )


def largest(size: int, fits: Callable[[int], bool], mode: str, max_trials: int) -> dict[int, bool]:
    """Try divisors of a batch's size, the whole batch first.

    Args:
        size: Rows of the batch, >= 1.
        fits: Tries a micro-batch of so many rows.
        mode: "power": about half as many rows each time, until it fits. "binsearch": bisect, which finds the largest
            divisor.
        max_trials: The most tries, >= 1.

    Returns:
        What was tried, in order: rows -> whether they fit.

    Example:
        >>> largest(96, lambda rows: rows <= 40, "power", 25)
        {96: False, 48: False, 24: True}
        >>> largest(96, lambda rows: rows <= 40, "binsearch", 25)
        {96: False, 8: True, 24: True, 48: False, 32: True}
    """
    tried = {size: fits(size)}
    smaller, last = divisors(size)[:-1], size
    while smaller and not tried[size] and len(tried) < max_trials:
        last = smaller[len(smaller) // 2] if mode == "binsearch" else max(d for d in smaller if d <= last // 2)
        tried[last] = fits(last)
        if tried[last] and mode == "power":
            break
        smaller = [d for d in smaller if (d > last if tried[last] else d < last)]
    return tried
