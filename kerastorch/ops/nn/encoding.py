"""One-hot and multi-hot encodings."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import dtypes, errors
from kerastorch.ops._convert import float_dtype
from kerastorch.ops._symbolic import op


@op("nn", "x")
def one_hot(x: Tensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Tensor:
    """A 1 at the index each integer names, zeros elsewhere; out-of-range integers give zeros only.

    Args:
        x: Integers of any shape.
        num_classes: The length of the new axis.
        axis: Where the new axis is in the result.
        dtype: The dtype; default `floatx()`.
        sparse: Only False: there are no sparse tensors here.

    Returns:
        A tensor with one dimension more.

    Example:
        >>> one_hot([0, 2], 3)
        tensor([[1., 0., 0.],
                [0., 0., 1.]])
    """
    if sparse:
        raise errors.value_error("`sparse` of one_hot", expected="False", received=sparse)
    classes = torch.arange(num_classes, device=x.device)
    hot = (x.long().unsqueeze(-1) == classes).to(float_dtype() if dtype is None else dtypes.torch_dtype(dtype))
    return hot if axis in (-1, hot.ndim - 1) else hot.movedim(-1, axis)


@op("nn", "inputs")
def multi_hot(
    inputs: Tensor, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """A 1 at every index that a row of integers names.

    Args:
        inputs: Integers of shape (count,) or (batch, count, ...).
        num_classes: How many classes.
        axis: Where the classes' axis is before the count is reduced.
        dtype: The dtype; default `floatx()`.
        sparse: Only False.

    Returns:
        Shape (classes,) or (batch, ..., classes).

    Example:
        >>> multi_hot([0, 2], 4)
        tensor([1., 0., 1., 0.])
    """
    if num_classes is None:
        raise errors.value_error("`num_classes` of multi_hot", expected="a positive integer", received=None)
    hot = one_hot.raw(inputs, num_classes, axis, dtype, sparse)
    return torch.amax(hot, dim=1 if inputs.ndim > 1 else 0)
