"""`validation_split`: the last samples become the validation data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from torch import Tensor

from kerastorch.base import errors, nested
from kerastorch.data.parts import Part, count_samples

Data = tuple[Any, Any, Any]


def validation_split(x: Any, y: Any, sample_weight: Any, fraction: float) -> tuple[Data, Data]:
    """Split arrays before they are shuffled.

    Args:
        x: Inputs: an array, or a list, tuple or dict of them.
        y: Targets, or None.
        sample_weight: Weights, or None.
        fraction: How much of the samples, the last ones, is for validation; between 0 and 1.

    Returns:
        ((x, y, sample_weight) for training, the same for validation), views of the arrays.

    Raises:
        TypeError: The data are no arrays.
        ValueError: `fraction` is not between 0 and 1, or leaves one side without samples.

    Example:
        >>> train, validation = validation_split(np.arange(10), None, None, 0.3)
        >>> validation[0]
        array([7, 8, 9])
    """
    number = isinstance(fraction, (int, float, np.number)) and not isinstance(fraction, bool)
    if not number or not 0 < fraction < 1:
        raise errors.value_error(
            "`validation_split`",
            expected="a number between 0 and 1",
            received=fraction,
            remedy="Write `validation_split=0.2` to hold back the last fifth.",
        )
    for leaf in nested.flatten(x):
        if not isinstance(leaf, Tensor) and not hasattr(leaf, "__array__"):
            raise errors.type_error(
                "`x` with `validation_split`",
                expected="NumPy arrays, torch tensors or pandas objects",
                received=leaf,
                remedy="Pass `validation_data=` instead: only arrays can be split.",
            )
    samples = count_samples([Part("x", x), Part("y", y), Part("sample_weight", sample_weight)])
    at = math.floor(samples * (1.0 - float(fraction)))
    if at in (0, samples):
        raise errors.value_error(
            "`validation_split`",
            expected="a fraction that leaves samples on both sides",
            received=errors.Said(f"{fraction} of {samples} samples"),
            remedy="Pass more data, or another fraction.",
        )
    data = (x, y, sample_weight)
    return _rows(data, slice(None, at)), _rows(data, slice(at, None))


def _rows(data: Data, rows: slice) -> Data:
    def take(leaf: Any) -> Any:
        if leaf is None:
            return None
        if isinstance(leaf, (Tensor, np.ndarray)):
            return leaf[rows]
        return leaf.iloc[rows] if hasattr(leaf, "iloc") else np.asarray(leaf)[rows]

    x, y, sample_weight = (nested.map_structure(take, part) for part in data)
    return x, y, sample_weight
