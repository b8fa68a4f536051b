"""The tuples that `train_step(data)` gets and datasets yield."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Take a batch apart, whatever of it is there.

    Args:
        data: `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`, as a tuple or a list.

    Returns:
        `(x, y, sample_weight)`, with None for what is missing.

    Raises:
        ValueError: `data` has no or more than three parts.

    Example:
        >>> unpack_x_y_sample_weight(("x", "y"))
        ('x', 'y', None)
    """
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise errors.value_error(
            "A batch", expected="x, (x,), (x, y) or (x, y, sample_weight)", received=errors.Said(f"{len(data)} parts")
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Put a batch together as `fit` and `unpack_x_y_sample_weight` take it.

    Args:
        x: The inputs.
        y: The targets.
        sample_weight: The weights; without `y` they are dropped.

    Returns:
        `x` alone (a tuple or list as `(x,)`), `(x, y)` or `(x, y, sample_weight)`.

    Example:
        >>> pack_x_y_sample_weight("x"), pack_x_y_sample_weight(["a", "b"]), pack_x_y_sample_weight("x", "y")
        ('x', (['a', 'b'],), ('x', 'y'))
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)
