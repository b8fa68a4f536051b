"""Class vectors to one-hot rows, and rows to unit length."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch import config
from kerastorch.base import errors
from kerastorch.base.dtypes import torch_dtype


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Turn class numbers into one-hot rows, for losses such as `categorical_crossentropy`.

    Args:
        x: Integers from 0 to `num_classes - 1`: an array, list or tensor of any shape, without its last axis if that
            has size 1.
        num_classes: How many classes there are; by default one more than the largest number in `x`.

    Returns:
        An array (float64) of the shape of `x` with one more axis of size `num_classes`; for a tensor, a tensor in the
        default float type.

    Raises:
        ValueError: A number in `x` is no class, or `num_classes` is no positive integer.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    if num_classes is not None and (not isinstance(num_classes, (int, np.integer)) or num_classes < 1):
        raise errors.value_error("`num_classes` of to_categorical", expected="a positive integer", received=num_classes)
    labels = x.long() if isinstance(x, Tensor) else np.array(x, dtype="int64")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels.reshape(tuple(labels.shape[:-1]))
    lowest, highest = (int(labels.min()), int(labels.max())) if 0 not in labels.shape else (0, -1)
    classes = num_classes or highest + 1
    if lowest < 0 or highest >= classes:
        raise errors.value_error(
            "`x` of to_categorical",
            expected=f"class numbers from 0 to {classes - 1}",
            received=lowest if lowest < 0 else highest,
        )
    if isinstance(labels, Tensor):
        return torch.nn.functional.one_hot(labels, classes).to(torch_dtype(config.floatx()))
    return np.eye(classes)[labels]


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """Divide by the norm along an axis; rows of zeros stay zeros.

    Args:
        x: An array or tensor.
        axis: The axis along which norms are taken.
        order: The order of the norm: 1, 2, `inf`, ...

    Returns:
        An array or tensor of the shape of `x` whose norms along `axis` are 1.

    Example:
        >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    if isinstance(x, Tensor):
        x = x if x.is_floating_point() else x.to(torch_dtype(config.floatx()))
        return torch.nn.functional.normalize(x, p=order, dim=axis, eps=config.epsilon())
    x = np.asarray(x)
    norms = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norms == 0, 1, norms)
