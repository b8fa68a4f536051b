"""Dtype names as Keras writes them, dtypes as torch holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from kerastorch.base import errors

NAMES: dict[str, torch.dtype] = {
    "bool": torch.bool,
    "uint8": torch.uint8,
    "uint16": torch.uint16,
    "uint32": torch.uint32,
    "uint64": torch.uint64,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
    "complex64": torch.complex64,
    "complex128": torch.complex128,
    "float8_e4m3fn": torch.float8_e4m3fn,
    "float8_e5m2": torch.float8_e5m2,
}
_TORCH_NAMES = {dtype: name for name, dtype in NAMES.items()}
_ALIASES = {
    "double": "float64",
    "float": "float32",
    "half": "float16",
    "int": "int64",
    "long": "int64",
    "string": "string",
}


def dtype_name(dtype: Any) -> str:
    """The Keras name of a dtype.

    Args:
        dtype: A name, a torch or NumPy dtype, or a Python type (`int`, `float`, `bool`).

    Returns:
        The name, such as "float32".

    Raises:
        ValueError: The dtype is unknown.

    Example:
        >>> dtype_name(torch.float32), dtype_name(np.uint8), dtype_name("double")
        ('float32', 'uint8', 'float64')
    """
    if isinstance(dtype, torch.dtype):
        name = _TORCH_NAMES.get(dtype, str(dtype).removeprefix("torch."))
    elif isinstance(dtype, str):
        name = _ALIASES.get(dtype.removeprefix("torch."), dtype.removeprefix("torch."))
    elif isinstance(dtype, type) and dtype in (int, float, bool):
        name = {int: "int64", float: "float32", bool: "bool"}[dtype]
    else:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = str(getattr(dtype, "name", dtype))
    if name not in NAMES and name != "string":
        raise errors.unknown_name("dtype", name, NAMES)
    return name


def torch_dtype(dtype: Any) -> torch.dtype:
    """The torch dtype of a dtype in any spelling.

    Args:
        dtype: A name, a torch or NumPy dtype, or a Python type.

    Returns:
        The `torch.dtype`.

    Raises:
        ValueError: The dtype is unknown or has no tensor form (strings).

    Example:
        >>> torch_dtype("float16")
        torch.float16
    """
    if isinstance(dtype, torch.dtype):
        return dtype
    name = dtype_name(dtype)
    if name not in NAMES:
        raise errors.value_error("dtype", expected="a numeric dtype", received=name)
    return NAMES[name]
