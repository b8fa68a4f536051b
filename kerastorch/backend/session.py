"""What a Keras session was: automatic names; and questions about dtypes."""

from __future__ import annotations

import gc
from typing import Any

from kerastorch.base import dtypes, naming


def clear_session(free_memory: bool = True) -> None:
    """Let automatic names start again from nothing.

    Args:
        free_memory: Whether to collect garbage at once.

    Example:
        >>> clear_session(free_memory=False)
    """
    naming.reset_names()
    if free_memory:
        gc.collect()


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype holds floating-point numbers.

    Example:
        >>> is_float_dtype("bfloat16"), is_float_dtype("int32")
        (True, False)
    """
    return dtypes.torch_dtype(dtype).is_floating_point


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype holds integers.

    Example:
        >>> is_int_dtype("uint8"), is_int_dtype("bool")
        (True, False)
    """
    return "int" in dtypes.dtype_name(dtype)
