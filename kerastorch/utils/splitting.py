"""Two parts of a data set, one to train on and one to test with."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Subset, TensorDataset

from kerastorch.base import errors
from kerastorch.data.loader import length_of


def split_dataset(
    dataset: Any,
    left_size: float | int | None = None,
    right_size: float | int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Dataset[Any], Dataset[Any]]:
    """Split a data set into a left part, its first samples, and a right part, its last ones.

    Args:
        dataset: An array or tensor, a list or tuple of them (x, y and sample_weight), or a torch Dataset with a length.
        left_size: A share between 0 and 1, or a number of samples; default what the right part leaves.
        right_size: Likewise; default what the left part leaves.
        shuffle: Whether samples are drawn in a random order. (Keras on torch draws so without being asked to.)
        seed: Of that order; the samples are those of Keras on torch with this seed. None: torch's global generator.
        preferred_backend: None or "torch".

    Returns:
        Two torch Datasets, which `fit` takes: `TensorDataset`s of arrays, `Subset`s of a Dataset.

    Raises:
        TypeError: `dataset` is none of these, or a size is no number.
        ValueError: Sizes that do not fit the data, or arrays of different lengths.

    Example:
        >>> left, right = split_dataset((np.arange(10), np.arange(10)), left_size=0.8)
        >>> len(left), len(right), right[0]
        (8, 2, (tensor(8), tensor(8)))
    """
    if preferred_backend not in (None, "torch"):
        raise errors.value_error(
            "`preferred_backend` of split_dataset", expected="None or 'torch'", received=preferred_backend
        )
    whole = dataset if isinstance(dataset, Dataset) else _tensors(dataset)
    total = length_of(whole)
    if total is None:
        raise errors.type_error("`dataset` of split_dataset", expected="a Dataset with a length", received=dataset)
    left, right = _sizes(left_size, right_size, total)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    order = torch.randperm(total, generator=generator) if shuffle else torch.arange(total)
    return _part(whole, order[:left]), _part(whole, order[total - right :])


def _tensors(arrays: Any) -> TensorDataset:
    several = arrays if isinstance(arrays, (list, tuple)) else (arrays,)
    for array in several:
        if not isinstance(array, Tensor) and not (hasattr(array, "__array__") and np.ndim(array)):
            raise errors.type_error(
                "`dataset` of split_dataset", expected="arrays, tensors or a torch Dataset", received=array
            )
    tensors = [a if isinstance(a, Tensor) else torch.from_numpy(np.asarray(a)) for a in several]
    lengths = [len(t) for t in tensors]
    if not tensors or len(set(lengths)) > 1:
        raise errors.value_error(
            "`dataset` of split_dataset",
            expected="one or more arrays with the same number of samples",
            received=errors.Said(f"{lengths} samples" if lengths else "none"),
        )
    return TensorDataset(*tensors)


def _part(whole: Dataset[Any], order: Tensor) -> Dataset[Any]:
    if type(whole) is TensorDataset:
        return TensorDataset(*(t[order.to(t.device)] for t in whole.tensors))
    return Subset(whole, order.tolist())


def _sizes(left_size: Any, right_size: Any, total: int) -> tuple[int, int]:
    if left_size is None and right_size is None:
        raise errors.value_error("`left_size` and `right_size` of split_dataset", expected="one of them", received=None)
    if all(isinstance(size, float) for size in (left_size, right_size)) and left_size + right_size > 1:
        raise errors.value_error(
            "`left_size` and `right_size` of split_dataset",
            expected="shares that make at most 1 together",
            received=(left_size, right_size),
        )
    left, right = _samples("left_size", left_size, total), _samples("right_size", right_size, total)
    if left is None:
        left = total - (right or 0)
    if right is None:
        right = total - left
    if left < 1 or right < 1 or left + right > total:
        raise errors.value_error(
            "`left_size` and `right_size` of split_dataset",
            expected=f"two parts of {total} samples, neither of them empty",
            received=errors.Said(f"parts of {left} and {right} samples"),
        )
    return left, right


def _samples(name: str, size: Any, total: int) -> int | None:
    """The samples of a part; None where nothing is said."""
    if size is None:
        return None
    subject = f"`{name}` of split_dataset"
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise errors.type_error(subject, expected="an integer, a share between 0 and 1, or None", received=size)
    share = isinstance(size, (float, np.floating))
    if not 0 < size < (1 if share else total):
        raise errors.value_error(
            subject, expected=f"an integer between 1 and {total - 1}, or a share between 0 and 1", received=size
        )
    return round(float(size) * total) if share else int(size)
