"""Questions about dtypes."""

from __future__ import annotations

from typing import Any

from kerastorch.base import dtypes


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
