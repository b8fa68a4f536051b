"""Dtypes as `keras.backend` speaks of them: one name for each, and the dtype that several give together."""

from __future__ import annotations

import functools
from typing import Any

from kerastorch.base import dtypes, errors, policy

_PYTHON: dict[Any, str] = {int: "int32", "int": "int32", str: "string", complex: "complex64"}
# The dtypes just above each one; "int" and "float" are Python's numbers, which give way to any dtype of their kind.
# The lattice is that of JAX (https://docs.jax.dev/en/latest/type_promotion.html), which Keras 3 takes.
_ABOVE: dict[str, tuple[str, ...]] = {
    "bool": ("int",),
    "int": ("uint8", "int8", "complex64"),
    "uint8": ("uint16", "int16"),
    "uint16": ("uint32", "int32"),
    "uint32": ("uint64", "int64"),
    "uint64": ("float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}
_NARROWED = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}


def standardize_dtype(dtype: Any) -> str:
    """The Keras name of a dtype.

    Args:
        dtype: A name, a torch or NumPy dtype, a Python type (`int` is int32 as in Keras on torch), or None for
            `floatx()`.

    Returns:
        The name, such as "float32".

    Raises:
        ValueError: The dtype is unknown.

    Example:
        >>> standardize_dtype(None), standardize_dtype(int), standardize_dtype("bfloat16")
        ('float32', 'int32', 'bfloat16')
    """
    if dtype is None:
        return policy.floatx()
    if isinstance(dtype, (type, str)) and dtype in _PYTHON:
        return _PYTHON[dtype]
    return dtypes.dtype_name(dtype)


def result_type(*given: Any) -> str:
    """The dtype that values of several dtypes have together, at most 32 bits wide.

    Args:
        *given: Dtypes in any spelling; `int` and `float` are Python numbers, None is `floatx()`.

    Returns:
        The name of the dtype.

    Raises:
        ValueError: A dtype is unknown, or is promoted to no other (float8, strings).

    Example:
        >>> result_type("bfloat16", int), result_type("int32", "float16"), result_type("int64")
        ('bfloat16', 'float16', 'int32')
    """
    if not given:
        return policy.floatx()
    names = {{int: "int", float: "float"}.get(d) or standardize_dtype(d) for d in map(_hashable, given)}
    alone = next(iter(names))
    if any(n.startswith("float8") for n in names) or (len(names) > 1 and not names <= _ABOVE.keys()):
        raise errors.value_error(
            "result_type", expected="dtypes that give way to others", received=given, remedy="Cast the values yourself."
        )
    found = alone if len(names) == 1 else _least_upper_bound(frozenset(names))
    if found in ("int", "float"):
        found += policy.floatx()[-2:]
    return _NARROWED.get(found, found)


def _hashable(dtype: Any) -> Any:
    return dtype if isinstance(dtype, (type, str)) else standardize_dtype(dtype)


@functools.cache
def _upper_bounds(name: str) -> frozenset[str]:
    return frozenset((name,)).union(*(_upper_bounds(above) for above in _ABOVE[name]))


@functools.cache
def _least_upper_bound(names: frozenset[str]) -> str:
    common = frozenset.intersection(*map(_upper_bounds, names))
    return next(name for name in common if common <= _upper_bounds(name))
