"""Sequences of different lengths to one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastorch.base import errors


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> NDArray[Any]:
    """Pad and cut sequences to one length.

    Args:
        sequences: Sequences of numbers, or of arrays of one shape.
        maxlen: The length of all; by default that of the longest.
        dtype: The dtype of the result; `object` for strings of any length.
        padding: "pre" or "post": at which end `value` is put where a sequence is shorter.
        truncating: "pre" or "post": at which end a longer sequence is cut.
        value: What fills the empty places.

    Returns:
        An array of shape (len(sequences), maxlen, ...).

    Raises:
        ValueError: `sequences` holds something else, its elements' shapes differ, or an option is misspelt.

    Example:
        >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
        array([[0, 1],
               [2, 3],
               [5, 6]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise errors.value_error(f"`{name}` of pad_sequences", expected="'pre' or 'post'", received=side)
    _check_value(value, dtype)
    lengths = _lengths(sequences)
    width = max(lengths, default=0) if maxlen is None else maxlen
    inner = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    padded = np.full((len(sequences), width, *inner), value, dtype=dtype)
    for row, sequence in enumerate(sequences):
        if not lengths[row] or not width:
            continue
        kept = np.asarray(sequence[-width:] if truncating == "pre" else sequence[:width], dtype=dtype)
        if kept.shape[1:] != inner:
            raise errors.value_error(
                f"Sequence {row} of pad_sequences", expected=f"elements of shape {inner}", received=kept
            )
        if padding == "pre":
            padded[row, width - len(kept) :] = kept
        else:
            padded[row, : len(kept)] = kept
    return padded


def _lengths(sequences: Any) -> list[int]:
    if not hasattr(sequences, "__len__"):
        raise errors.value_error("`sequences` of pad_sequences", expected="a list of sequences", received=sequences)
    for position, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise errors.value_error(
                f"Element {position} of pad_sequences", expected="a sequence such as a list", received=sequence
            )
    return [len(s) for s in sequences]


def _check_value(value: Any, dtype: Any) -> None:
    text = dtype is object or np.issubdtype(dtype, np.str_) or np.issubdtype(dtype, np.bytes_)
    if isinstance(value, str) and not text:
        raise errors.value_error(
            "`value` of pad_sequences",
            expected=f"a number, as `dtype` is {dtype!r}",
            received=value,
            remedy="Pass `dtype=object` for sequences of strings.",
        )
