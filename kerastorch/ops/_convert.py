"""From anything a user gives to tensors: conversion, and the dtype rules that Keras adds to torch's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import dtypes, errors, nested, policy

NUMBERS = (bool, int, float, complex)
# NumPy kinds that torch has no full set of operations for, and what Keras turns them into.
_WIDENED = {"uint16": np.int32, "uint32": np.int64}
_PLAIN_NUMBERS = (bool, int, float)


def to_tensor(value: Any, dtype: Any = None, device: torch.device | None = None) -> Tensor:
    """A tensor of `value`: tensors stay, arrays are copied, Python numbers become int32 or `floatx()`.

    Args:
        value: A tensor, array, number, or nested list of them.
        dtype: The dtype of the result; default the one of `value`.
        device: Where a new tensor is made; tensors stay where they are.

    Returns:
        The tensor.

    Raises:
        TypeError: `value` holds no numbers, or its rows have different lengths.
    """
    wanted = None if dtype is None else dtypes.torch_dtype(dtype)
    if isinstance(value, Tensor):
        return value if wanted is None else value.to(wanted)
    if isinstance(value, (*NUMBERS, torch.SymInt, torch.SymFloat)):
        return torch.as_tensor(value, dtype=wanted or number_dtype(value), device=device)
    if isinstance(value, (list, tuple)) and value:
        leaves = nested.flatten(value)
        if any(isinstance(leaf, Tensor) for leaf in leaves):
            stacked = torch.stack([to_tensor(row, dtype, device) for row in value])
            return stacked if wanted is None else stacked.to(wanted)
        if wanted is None and all(isinstance(leaf, _PLAIN_NUMBERS) for leaf in leaves):
            wanted = _common_dtype(leaves)
    return _from_array(value, wanted, device)


def number_dtype(value: Any) -> torch.dtype:
    """The dtype a Python number takes when nothing else decides: int32, `floatx()`, bool or complex64."""
    if isinstance(value, bool):
        return torch.bool
    if isinstance(value, (int, torch.SymInt)):
        return torch.int32 if isinstance(value, torch.SymInt) or -(2**31) <= value < 2**31 else torch.int64
    return torch.complex64 if isinstance(value, complex) else float_dtype()


def float_dtype() -> torch.dtype:
    """`floatx()` as torch's dtype."""
    return dtypes.NAMES[policy.floatx()]


def _common_dtype(numbers: Sequence[Any]) -> torch.dtype:
    if any(type(n) is float for n in numbers):
        return float_dtype()
    if all(type(n) is bool for n in numbers):
        return torch.bool
    return torch.int32 if all(-(2**31) <= n < 2**31 for n in numbers) else torch.int64


def _from_array(value: Any, dtype: torch.dtype | None, device: torch.device | None) -> Tensor:
    try:
        array = np.array(value)
    except ValueError as error:
        raise errors.type_error("A list given as a tensor", expected="rows of one length", received=value) from error
    if array.dtype.kind not in "biufc" and array.dtype.name != "bfloat16":
        raise errors.type_error(
            "A value given as a tensor",
            expected="numbers",
            received=value,
            remedy="Turn text into numbers first (for example with a lookup layer).",
        )
    if array.dtype.name == "bfloat16":
        array, dtype = array.astype(np.float32), dtype or torch.bfloat16
    if array.dtype.name in _WIDENED:
        array = array.astype(_WIDENED[array.dtype.name])
    if isinstance(value, (list, tuple)) and dtype is None and not array.size:
        dtype = float_dtype()
    return torch.from_numpy(array).to(device=device or torch.get_default_device(), dtype=dtype)


def to_numpy(value: Any) -> np.ndarray[Any, Any]:
    """A NumPy array of `value`; tensors are detached and brought to the CPU (bfloat16 becomes float32)."""
    if isinstance(value, Tensor):
        detached = value.detach().cpu().resolve_conj().resolve_neg()
        return (detached.float() if detached.dtype == torch.bfloat16 else detached).numpy().copy()
    if isinstance(value, (list, tuple)):
        return np.array([to_numpy(v) for v in value])
    return np.array(value)


def is_integral(x: Tensor) -> bool:
    """Whether the dtype is an integer or bool."""
    return not (x.is_floating_point() or x.is_complex())


def as_float(x: Tensor) -> Tensor:
    """Integers and bools in `floatx()`; floats as they are."""
    return x.to(float_dtype()) if is_integral(x) else x


def widen(x: Tensor) -> Tensor:
    """Bools and small integers as int32, the dtype in which Keras sums them."""
    return x.to(torch.int32) if x.dtype in (torch.bool, torch.uint8, torch.int8, torch.int16) else x


def no_bool(x: Tensor) -> Tensor:
    """Bools as int32; anything else as it is."""
    return x.to(torch.int32) if x.dtype == torch.bool else x


def operands(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Two operands of a Python operator, of which one at least is a tensor; a Python number stays weak.

    torch counts an integer beside a bool tensor as int64, Keras as int32: the one case that is put right here.
    """
    if isinstance(x1, Tensor):
        if x1.dtype == torch.bool and type(x2) is int:
            return x1.to(torch.int32), x2
    elif isinstance(x2, Tensor):
        if x2.dtype == torch.bool and type(x1) is int:
            return x1, x2.to(torch.int32)
    else:
        return to_tensor(x1), x2
    return x1, x2


_NARROWED = {torch.float64: torch.float32, torch.int64: torch.int32, torch.complex128: torch.complex64}


def promote(first: torch.dtype, second: torch.dtype) -> torch.dtype:
    """torch's promotion, but a 64-bit dtype beside a smaller one of its kind gives 32 bits, as in Keras.

    Keras gives 32 bits even when both have 64; here nobody loses what both have.
    """
    dtype = torch.promote_types(first, second)
    if first == second or dtype not in _NARROWED or torch.bool in (first, second):
        return dtype
    kinds = {(d.is_floating_point, d.is_complex) for d in (first, second)}
    return _NARROWED[dtype] if len(kinds) == 1 else dtype


def common_dtype(x1: Any, x2: Any) -> torch.dtype:
    """The dtype Keras computes a pair in: `promote` for tensors (0-d ones too); Python numbers are weak."""
    if isinstance(x1, Tensor) and isinstance(x2, Tensor):
        return promote(x1.dtype, x2.dtype)
    if not isinstance(x1, Tensor) and not isinstance(x2, Tensor):
        return torch.promote_types(number_dtype(x1), number_dtype(x2))
    tensor, number = (x1, x2) if isinstance(x1, Tensor) else (x2, x1)
    if isinstance(number, bool) or tensor.is_complex():
        return tensor.dtype
    if isinstance(number, float):
        return tensor.dtype if tensor.is_floating_point() else float_dtype()
    if isinstance(number, complex):
        return torch.complex128 if tensor.dtype == torch.float64 else torch.complex64
    return torch.int32 if tensor.dtype == torch.bool else tensor.dtype


def pair(x1: Any, x2: Any, *, floating: bool = False) -> tuple[Tensor, Tensor]:
    """Two operands as tensors of one dtype (`common_dtype`).

    Args:
        x1: A tensor or a Python number.
        x2: Likewise.
        floating: Whether integers are computed in `floatx()`.
    """
    dtype = common_dtype(x1, x2)
    if floating and not dtype.is_floating_point and not dtype.is_complex:
        dtype = float_dtype()
    device = next((x.device for x in (x1, x2) if isinstance(x, Tensor)), None)
    return to_tensor(x1, dtype, device), to_tensor(x2, dtype, device)


def as_tensors(x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """Two operands as tensors whose dtypes are left to torch, for the functions where Keras leaves them too."""
    return (x1, x2) if isinstance(x1, Tensor) and isinstance(x2, Tensor) else pair(x1, x2)


def numbers_of(value: Any) -> list[int]:
    """Python integers of a list, array or tensor of them."""
    return [int(v) for v in (value.tolist() if isinstance(value, (Tensor, np.ndarray)) else value)]
