"""From the losses of single samples to one number: sample weights, masks, reductions.

The rules are Keras's (keras/src/losses/loss.py); a weight per sample against losses per step of a sample is spread
over the steps, and a weight that fits no dimension is refused instead of broadcast.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import dtypes, errors
from kerastorch.losses.pairing import as_tensor, squeeze_or_expand_to_same_rank

MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight")
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


def standardize_reduction(reduction: str | None) -> str | None:
    """A loss's `reduction` argument, checked.

    Raises:
        ValueError: The reduction is unknown.

    Example:
        >>> standardize_reduction("sum")
        'sum'
    """
    if reduction is not None and reduction not in REDUCTIONS:
        raise errors.unknown_name("loss reduction", reduction, REDUCTIONS)
    return reduction


def reduce_values(
    values: Tensor, sample_weight: Tensor | None = None, reduction: str | None = "sum_over_batch_size"
) -> Tensor:
    """Sum or average losses that are already weighted.

    Args:
        values: Weighted losses of any shape; a scalar and an empty vector stay as they are.
        sample_weight: The weights, the divisor of "mean_with_sample_weight" (zero gives zero).
        reduction: One of `REDUCTIONS` or None.

    Returns:
        A scalar, or `values` with "none" and None.

    Example:
        >>> reduce_values(torch.tensor([1.0, 3.0]))
        tensor(2.)
    """
    if reduction is None or reduction == "none" or not values.ndim or tuple(values.shape) == (0,):
        return values
    if reduction == "sum":
        return values.sum()
    if reduction != "mean_with_sample_weight" or sample_weight is None:
        return values.mean() if values.numel() else values.sum()
    total, weight = values.sum(), sample_weight.sum().to(values.dtype)
    empty = weight == 0
    return torch.where(empty, 0.0, total / torch.where(empty, 1.0, weight))


def reduce_weighted_values(
    values: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: Any = None,
) -> Tensor:
    """Weight losses, leave out the masked ones, and reduce them.

    Args:
        values: Losses, shape `(batch, ...)`.
        sample_weight: One weight per sample `(batch,)` or per loss `(batch, ...)`.
        mask: True where a loss counts. Averages are then taken over what counts.
        reduction: One of `REDUCTIONS` or None.
        dtype: The dtype of the result; None keeps that of `values`.

    Returns:
        A scalar, or weighted losses with "none" and None.

    Raises:
        ValueError: The weights fit no leading dimensions of the losses.

    Example:
        >>> reduce_weighted_values(torch.tensor([1.0, 5.0]), mask=torch.tensor([True, False]))
        tensor(1.)
    """
    values = as_tensor(values)
    if dtype is not None:
        values = values.to(dtypes.torch_dtype(dtype))
    if sample_weight is not None:
        sample_weight = as_tensor(sample_weight, values.device).to(values.dtype)
    weight = apply_mask(sample_weight, mask, values.dtype, reduction)
    if weight is not None:
        values, weight = _aligned(values, weight)
        values = values * weight
    return reduce_values(values, weight, reduction)


def apply_mask(sample_weight: Tensor | None, mask: Any, dtype: torch.dtype, reduction: str | None) -> Tensor | None:
    """Put a mask into the weights, so that averages are over what counts.

    Args:
        sample_weight: Weights or None.
        mask: True where a loss counts, or None.
        dtype: The dtype of the weights.
        reduction: "mean" and "sum_over_batch_size" weigh a loss that counts by total / counted.

    Returns:
        The weights, or None when there are neither weights nor a mask.
    """
    if mask is None:
        return sample_weight
    weight = as_tensor(mask).to(dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        # with nothing counted every weight is 0 already: the floor of 1 only keeps 0/0 away
        weight = weight * (weight.numel() / weight.sum().clamp(min=1.0))
    if sample_weight is None:
        return weight
    weight, sample_weight = _aligned(weight, sample_weight)
    return weight * sample_weight


def _aligned(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Both with one rank: weights cover leading dimensions and are spread over the rest."""
    values, weight = squeeze_or_expand_to_same_rank(values, weight)
    if not values.ndim or not weight.ndim:
        return values, weight
    if weight.ndim < values.ndim:
        weight = weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
    fits = weight.ndim == values.ndim and all(w in (1, v) for v, w in zip(values.shape, weight.shape, strict=True))
    if not fits:
        raise errors.value_error(
            "`sample_weight`",
            expected=f"one weight per sample or per loss: leading dimensions of {tuple(values.shape)}",
            received=errors.Said(f"shape {tuple(weight.shape)}"),
            remedy="Pass one weight per sample, of shape (samples,).",
        )
    return values, weight
