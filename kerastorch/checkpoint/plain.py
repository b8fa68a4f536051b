"""What a checkpoint may hold: tensors and plain values, nested in dicts, lists and tuples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.base.sharded import local

_PLAIN = (bool, int, float, str, type(None))
_MARKS = _ARRAY, _BYTES, _DICT = "numpy array", "bytes", "dict"  # the only key of a dict that stands for one of these
_DTYPES = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
_EXACT = {int: int.__int__, float: float.__float__, str: str.__str__, bytes: lambda value: value[:]}


def to_plain(value: Any, where: str = "The state", keep: Callable[[Tensor], Tensor] | None = None) -> Any:
    """A copy in which arrays are tensors on the host, to be written by `torch.save` and read with `weights_only`.

    Args:
        value: Tensors, arrays, numbers, texts, None, and dicts, lists and tuples of them.
        where: What an error calls it.
        keep: What to do with each tensor; default a copy on the host (of a sharded one, of the part that is here).

    Returns:
        The copy. Nothing in it shares memory with `value`.

    Raises:
        TypeError: Something in it is of another kind.

    Example:
        >>> to_plain({"a": (1, np.float32(0.5))})
        {'a': (1, 0.5)}
    """
    if isinstance(value, Tensor):
        return (keep or copy_to_host)(value)
    if type(value) in _PLAIN:
        return value
    if type(value) is bytes:  # not all of them come through `weights_only`
        return {_BYTES: value.decode("latin-1")}
    if isinstance(value, np.generic) and value.dtype.kind in "biufSU" and not isinstance(value, np.longdouble):
        return to_plain(value.item(), where, keep)
    if isinstance(value, dict):
        made = {key: to_plain(part, f"{where}[{key!r}]", keep) for key, part in value.items() if _is_key(key, where)}
        return {_DICT: made} if _mark(made) else made
    if type(value) in (list, tuple):
        return type(value)(to_plain(part, f"{where}[{i}]", keep) for i, part in enumerate(value))
    if type(value) in (np.ndarray, np.memmap) and value.dtype.str[1:] in _DTYPES:  # in this machine's order of bytes
        return {_ARRAY: torch.from_numpy(np.array(value, value.dtype.str[1:], order="C").view(value.dtype.str[1:]))}
    for kind, exact in _EXACT.items():  # an enum, a number of a class of its own
        if isinstance(value, kind) and not isinstance(value, np.generic):
            return to_plain(exact(value), where, keep)
    raise errors.type_error(
        where,
        expected="tensors, arrays, numbers, texts, None, and dicts, lists and tuples of them",
        received=value,
        remedy="Give the object `state_dict()` and `load_state_dict(state)` that speak in these.",
    )


def from_plain(value: Any) -> Any:
    """What `to_plain` was given, with arrays again.

    Example:
        >>> from_plain(to_plain([np.arange(2)]))
        [array([0, 1])]
    """
    if isinstance(value, dict):
        mark = _mark(value)
        held: Any = value[mark] if mark else value
        if mark == _ARRAY:
            return held.numpy()
        if mark == _BYTES:
            return held.encode("latin-1")
        return {key: from_plain(part) for key, part in held.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(from_plain(part) for part in value)
    return value


def is_plain(value: Any) -> bool:
    """Whether a checkpoint can hold a value.

    Example:
        >>> is_plain({"a": [1, torch.ones(2)]}), is_plain(print)
        (True, False)
    """
    try:
        to_plain(value, keep=lambda tensor: tensor)
    except (TypeError, RecursionError):
        return False
    return True


def copied(value: Any) -> Any:
    """A copy that later changes do not touch.

    Example:
        >>> copied({"a": [1]})
        {'a': [1]}
    """
    return from_plain(to_plain(value))


def same(a: Any, b: Any) -> bool:
    """Whether two values that a checkpoint can hold are equal, tensors and arrays bit for bit.

    Example:
        >>> same([torch.ones(2)], [torch.ones(2)]), same(1, 1.0)
        (True, False)
    """
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, Tensor):
        return a.dtype == b.dtype and torch.equal(a, b.to(a.device))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return bool(a == b)


def copy_to_host(tensor: Tensor) -> Tensor:
    """A copy on the host that holds just the tensor's own values, not what its memory holds beside them."""
    value = local(tensor.detach())
    value = value if type(value) is Tensor else value.as_subclass(Tensor)
    value = value.resolve_conj().resolve_neg()
    if value.layout is not torch.strided:
        return value.to("cpu", copy=True)
    return value.to("cpu", copy=True, memory_format=torch.preserve_format)


def _mark(value: dict[Any, Any]) -> str:
    """The only key of a dict if that key is a mark."""
    key = next(iter(value)) if len(value) == 1 else ""
    return key if key in _MARKS else ""


def _is_key(key: Any, where: str) -> bool:
    if type(key) in _PLAIN or (type(key) is tuple and all(type(part) in _PLAIN for part in key)):
        return True
    raise errors.type_error(f"A key of {where}", expected="a text or a number", received=key)
