"""Activations over a whole dimension: softmax and its kin, gated linear units."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

from kerastorch.base import registry


@registry.register("activations")
def softmax(x: Tensor, axis: int | None = -1) -> Tensor:
    """`exp(x) / sum(exp(x))` along `axis`: positive numbers whose sum is 1.

    Args:
        x: A float tensor.
        axis: The dimension; None for all dimensions together.

    Returns:
        A tensor like `x`.

    Example:
        >>> softmax(torch.tensor([1.0, 1.0]))
        tensor([0.5000, 0.5000])
    """
    if axis is not None:
        return torch.softmax(x, axis)
    if has_torch_function_unary(x):
        return handle_torch_function(softmax, (x,), x, axis=None)
    return torch.softmax(x.flatten(), 0).reshape(x.shape)


@registry.register("activations")
def log_softmax(x: Tensor, axis: int | None = -1) -> Tensor:
    """`log(softmax(x))` along `axis`.

    Args:
        x: A float tensor.
        axis: The dimension; None for all dimensions together.

    Returns:
        A tensor like `x`.

    Example:
        >>> log_softmax(torch.tensor([1.0, 1.0]))
        tensor([-0.6931, -0.6931])
    """
    if axis is not None:
        return torch.log_softmax(x, axis)
    if has_torch_function_unary(x):
        return handle_torch_function(log_softmax, (x,), x, axis=None)
    return torch.log_softmax(x.flatten(), 0).reshape(x.shape)


@registry.register("activations")
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """The probability vector nearest to `x` along `axis`: like softmax, with exact zeros.

    From Martins and Astudillo, 2016 (https://arxiv.org/abs/1602.02068), algorithm 1.

    Args:
        x: A float tensor.
        axis: The dimension.

    Returns:
        A tensor like `x`.

    Example:
        >>> sparsemax(torch.tensor([3.0, 1.0, 2.5]))
        tensor([0.7500, 0.0000, 0.2500])
    """
    if has_torch_function_unary(x):
        return handle_torch_function(sparsemax, (x,), x, axis=axis)
    ordered = x.movedim(axis, -1).sort(-1, descending=True)[0]
    excess = ordered.cumsum(-1) - 1
    rank = torch.arange(1, ordered.shape[-1] + 1, device=x.device, dtype=x.dtype)
    size = (ordered * rank > excess).sum(-1, keepdim=True)
    level = (excess.gather(-1, size - 1) / size).movedim(-1, axis)
    return torch.relu(x - level)


@registry.register("activations")
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """The first half of `x` along `axis` times the sigmoid of the second (Dauphin et al., 2016, https://arxiv.org/abs/1612.08083).

    Example:
        >>> glu(torch.tensor([2.0, 0.0]))
        tensor([1.])
    """
    return F.glu(x, axis)
