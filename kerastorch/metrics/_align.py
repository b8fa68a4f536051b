"""Labels, predictions, weights and masks brought to fitting ranks, by Keras's rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import dtypes, policy
from kerastorch.losses.pairing import squeeze_or_expand_to_same_rank


def as_tensor(value: Any, like: Tensor | None = None) -> Tensor:
    """`value` as a tensor that takes no part in gradients.

    Args:
        value: A tensor, an array, a number, or a nested list of numbers (floats of which become `floatx()`).
        like: A tensor whose device is taken.
    """
    if isinstance(value, Tensor):
        return value.detach()
    tensor = torch.from_numpy(np.ascontiguousarray(value)) if isinstance(value, np.ndarray) else torch.as_tensor(value)
    if not isinstance(value, np.ndarray) and tensor.is_floating_point():
        tensor = tensor.to(dtypes.torch_dtype(policy.floatx()))
    return tensor if like is None else tensor.to(like.device)


def weight_of(sample_weight: Any, mask: Any, like: Tensor, dtype: torch.dtype) -> Tensor | None:
    """One weight from sample weights and a mask (masked places weigh nothing), or None when there is neither.

    Args:
        sample_weight: Weights or None.
        mask: A bool tensor, True where there is data, or None.
        like: A tensor on the device to use.
        dtype: The dtype of the weight.
    """
    if mask is None:
        return None if sample_weight is None else as_tensor(sample_weight, like).to(dtype)
    counted = as_tensor(mask, like).to(dtype)
    if sample_weight is None:
        return counted
    counted, weight = squeeze_or_expand_to_same_rank(counted, as_tensor(sample_weight, like).to(dtype))
    if counted.ndim > weight.ndim:
        weight = weight.reshape(weight.shape + (1,) * (counted.ndim - weight.ndim))
    return weight * counted


def divide_no_nan(a: Tensor, b: Tensor) -> Tensor:
    """a / b, and 0 where b is 0."""
    return torch.where(b == 0, 0.0, a / b)


def samplewise(values: Tensor, weight: Tensor | None, summed: bool) -> tuple[Tensor, Tensor | None]:
    """Weighted values reduced to one a sample, and the samples' weights.

    Args:
        values: Shape (samples, ...).
        weight: Weights of a shape that is a prefix of `values`'s, possibly with a last dimension of 1 too many or too
            few; or None.
        summed: Whether a sample's values are summed (else averaged).

    Returns:
        The pair (values, weights), both of shape (samples,), or scalars for scalars.
    """
    reduce = torch.sum if summed else torch.mean
    if weight is not None:
        values, weight = squeeze_or_expand_to_same_rank(values, weight)
        if values.ndim > weight.ndim:
            values = reduce(values, dim=tuple(range(weight.ndim, values.ndim)))
        weight = weight.broadcast_to(values.shape)
        values = values * weight
        if weight.ndim > 1:
            weight = reduce(weight, dim=tuple(range(1, weight.ndim)))
    if values.ndim > 1:
        values = reduce(values, dim=tuple(range(1, values.ndim)))
    return values, weight
