"""Cross-entropies without reduction: the formulas under the losses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch import config
from kerastorch.base import errors
from kerastorch.ops._symbolic import op


def _same_shape(target: Tensor, output: Tensor) -> None:
    if target.shape != output.shape:
        raise errors.value_error(
            "`target` and `output`", expected=f"one shape, here {tuple(output.shape)}", received=target
        )


def _log_probabilities(output: Tensor, axis: int) -> Tensor:
    """The logarithm of probabilities that are made to sum to 1 and kept off 0 and 1 by `config.epsilon()`."""
    eps = config.epsilon()
    return torch.log(torch.clamp(output / torch.sum(output, dim=axis, keepdim=True), eps, 1.0 - eps))


@op("nn", "target", "output")
def binary_crossentropy(target: Tensor, output: Tensor, from_logits: bool = False) -> Tensor:
    """`-target * log(output) - (1 - target) * log(1 - output)`, element by element.

    Args:
        target: Values in [0, 1].
        output: Probabilities of the same shape, kept off 0 and 1 by `config.epsilon()`; or logits.
        from_logits: Whether `output` holds logits.

    Returns:
        A tensor of that shape.

    Example:
        >>> binary_crossentropy([1.0, 0.0], [0.5, 0.5])
        tensor([0.6931, 0.6931])
    """
    _same_shape(target, output)
    target = target.to(output.dtype)
    if from_logits:
        return F.binary_cross_entropy_with_logits(output, target, reduction="none")
    eps = config.epsilon()
    return F.binary_cross_entropy(torch.clamp(output, eps, 1.0 - eps), target, reduction="none")


@op("nn", "target", "output")
def categorical_crossentropy(target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1) -> Tensor:
    """`-sum(target * log(output))` over the classes' axis.

    Args:
        target: Class probabilities (one-hot, say).
        output: Probabilities of the same shape (made to sum to 1), or logits.
        from_logits: Whether `output` holds logits.
        axis: The classes' axis.

    Returns:
        A tensor without that axis.

    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
        tensor([0.6931])
    """
    _same_shape(target, output)
    if not output.ndim:
        raise errors.value_error("`output`", expected="at least 1 dimension", received=output)
    logs = torch.log_softmax(output, dim=axis) if from_logits else _log_probabilities(output, axis)
    return -torch.sum(target * logs, dim=axis)


@op("nn", "target", "output")
def sparse_categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """`-log` of the probability of each target class.

    Args:
        target: Class indices, of the shape of `output` without the classes' axis (or with length 1 there).
        output: Probabilities (made to sum to 1), or logits.
        from_logits: Whether `output` holds logits.
        axis: The classes' axis.

    Returns:
        A tensor without that axis.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]])
        tensor([0.6931])
    """
    if not output.ndim:
        raise errors.value_error("`output`", expected="at least 1 dimension", received=output)
    if target.ndim == output.ndim and target.shape[axis] == 1:
        target = target.squeeze(axis)
    moved = output.movedim(axis, -1)
    if target.shape != moved.shape[:-1]:
        raise errors.value_error("`target`", expected=f"shape {tuple(moved.shape[:-1])}", received=target)
    moved, index = moved.movedim(-1, 1) if moved.ndim > 1 else moved, target.long()
    if from_logits:
        return F.cross_entropy(moved, index, reduction="none")
    return F.nll_loss(_log_probabilities(moved, 1 if moved.ndim > 1 else 0), index, reduction="none")
