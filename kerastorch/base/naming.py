"""Automatic names: `Dense` becomes "dense", "dense_1", ... as in Keras."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Container

_used: Counter[str] = Counter()


def to_snake_case(name: str) -> str:
    """Write a class name in snake case.

    Example:
        >>> to_snake_case("BatchNormalization"), to_snake_case("Conv2D")
        ('batch_normalization', 'conv2d')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def get_uid(prefix: str = "") -> int:
    """Count the uses of `prefix` in this process: 1, 2, 3, ...

    Args:
        prefix: Any text.

    Returns:
        How often this prefix has now been asked for.

    Example:
        >>> get_uid("an_example"), get_uid("an_example")
        (1, 2)
    """
    _used[prefix] += 1
    return _used[prefix]


def auto_name(prefix: str) -> str:
    """The next free name for `prefix`: the prefix itself, then prefix_1, prefix_2, ...

    Example:
        >>> auto_name("an_example_layer"), auto_name("an_example_layer")
        ('an_example_layer', 'an_example_layer_1')
    """
    count = get_uid(prefix) - 1
    return f"{prefix}_{count}" if count else prefix


def unique_within(name: str, taken: Container[str]) -> str:
    """`name`, or `name_1`, `name_2`, ... : the first that is not in `taken`."""
    candidate, count = name, 0
    while candidate in taken:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def reset_names() -> None:
    """Start counting again from nothing (`keras.backend.clear_session`)."""
    _used.clear()


def clear_session(free_memory: bool = True) -> None:
    """Let automatic names start again from nothing.

    Args:
        free_memory: Whether to collect garbage at once.

    Example:
        >>> clear_session(free_memory=False)
    """
    reset_names()
    if free_memory:
        gc.collect()
