"""Truth and prediction as two tensors of one dtype and one shape; nothing is ever broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import dtypes, errors, policy


def as_tensor(value: Any, device: torch.device | None = None) -> Tensor:
    """`value` as a tensor: tensors and symbolic tensors as they are, arrays and numbers converted.

    Args:
        value: A tensor, an array, a number or nested lists of numbers.
        device: Where a new tensor is put.

    Returns:
        A tensor.
    """
    if isinstance(value, Tensor) or hasattr(type(value), "__torch_function__"):
        return value  # type: ignore[no-any-return]
    if isinstance(value, np.ndarray) and not value.flags.writeable:
        value = value.copy()
    return torch.as_tensor(value, device=device)


def as_scores(y_pred: Any) -> Tensor:
    """Predictions as a floating-point tensor (integers become `floatx()`)."""
    scores = as_tensor(y_pred)
    if dtypes.torch_dtype(scores.dtype).is_floating_point:
        return scores
    return scores.to(dtypes.torch_dtype(policy.floatx()))


def as_pair(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Truth and prediction as tensors of one dtype and shape, ready for an elementwise loss.

    Args:
        y_true: Truth, any dtype, shape `(batch, ...)`.
        y_pred: Predictions, the same shape up to one last dimension of size 1.

    Returns:
        The two tensors, the truth in the dtype of the predictions.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> [tuple(t.shape) for t in as_pair(np.zeros(4), np.zeros((4, 1)))]
        [(4, 1), (4, 1)]
    """
    if not (isinstance(y_pred, Tensor) and y_pred.dtype.is_floating_point):
        y_pred = as_scores(y_pred)
    if not isinstance(y_true, Tensor):
        y_true = as_tensor(y_true, getattr(y_pred, "device", None))
    if y_true.dtype != y_pred.dtype:
        y_true = y_true.to(dtypes.torch_dtype(y_pred.dtype))
    if y_true.shape != y_pred.shape:
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        if not same_shape(y_true.shape, y_pred.shape):
            raise shape_error(y_true, y_pred, "Nothing is broadcast here: reshape one of them.")
    return y_true, y_pred


def squeeze_or_expand_to_same_rank(x1: Tensor, x2: Tensor, expand_rank_1: bool = True) -> tuple[Tensor, Tensor]:
    """Drop or add a last dimension of size 1 where the ranks differ by exactly one (Keras's rule for labels).

    Args:
        x1: A tensor.
        x2: Another.
        expand_rank_1: Whether a vector against a column becomes a column (else the column becomes a vector).

    Returns:
        Both tensors; unchanged where the rule does not apply.

    Example:
        >>> [tuple(t.shape) for t in squeeze_or_expand_to_same_rank(torch.zeros(4, 3, 1), torch.zeros(4, 3))]
        [(4, 3), (4, 3)]
    """
    if len(x1.shape) == len(x2.shape) + 1:
        x2, x1 = _to_rank_of(x2, x1, expand_rank_1)
    elif len(x2.shape) == len(x1.shape) + 1:
        x1, x2 = _to_rank_of(x1, x2, expand_rank_1)
    return x1, x2


def _to_rank_of(short: Tensor, long: Tensor, expand_rank_1: bool) -> tuple[Tensor, Tensor]:
    if long.shape[-1] != 1:
        return short, long
    if expand_rank_1 and len(short.shape) == 1:
        return short.unsqueeze(-1), long
    return short, long.squeeze(-1)


def same_shape(a: Any, b: Any) -> bool:
    """Whether two shapes agree, None standing for any size."""
    return len(a) == len(b) and all(m == n or m is None or n is None for m, n in zip(a, b, strict=True))


def shape_error(y_true: Tensor, y_pred: Tensor, remedy: str) -> ValueError:
    """The refusal of labels whose shape does not fit the predictions'."""
    return errors.value_error(
        "`y_true` of the loss",
        expected=f"the shape of `y_pred`, {tuple(y_pred.shape)}",
        received=errors.Said(f"shape {tuple(y_true.shape)}"),
        remedy=remedy,
    )
