"""Activations with bounded results and their kin: sigmoids, tanh, exponential."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

from kerastorch.base import registry


@registry.register("activations")
def sigmoid(x: Tensor) -> Tensor:
    """`1 / (1 + exp(-x))`.

    Example:
        >>> sigmoid(torch.tensor([0.0]))
        tensor([0.5000])
    """
    return torch.sigmoid(x)


@registry.register("activations")
def hard_sigmoid(x: Tensor) -> Tensor:
    """`min(max(x / 6 + 0.5, 0), 1)`.

    Example:
        >>> hard_sigmoid(torch.tensor([-3.0, 0.0, 3.0]))
        tensor([0.0000, 0.5000, 1.0000])
    """
    return F.hardsigmoid(x)


@registry.register("activations")
def log_sigmoid(x: Tensor) -> Tensor:
    """`log(sigmoid(x))`.

    Example:
        >>> log_sigmoid(torch.tensor([0.0]))
        tensor([-0.6931])
    """
    return F.logsigmoid(x)


@registry.register("activations")
def sparse_sigmoid(x: Tensor) -> Tensor:
    """0 up to -1, `(x + 1) / 2` between, 1 from 1 on.

    Example:
        >>> sparse_sigmoid(torch.tensor([-2.0, 0.0, 2.0]))
        tensor([0.0000, 0.5000, 1.0000])
    """
    if has_torch_function_unary(x):
        return handle_torch_function(sparse_sigmoid, (x,), x)
    return F.hardtanh(x) * 0.5 + 0.5


@registry.register("activations")
def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent.

    Example:
        >>> tanh(torch.tensor([0.0]))
        tensor([0.])
    """
    return torch.tanh(x)


@registry.register("activations")
def tanh_shrink(x: Tensor) -> Tensor:
    """`x - tanh(x)`.

    Example:
        >>> tanh_shrink(torch.tensor([0.0]))
        tensor([0.])
    """
    return F.tanhshrink(x)


@registry.register("activations")
def hard_tanh(x: Tensor) -> Tensor:
    """`min(max(x, -1), 1)`.

    Example:
        >>> hard_tanh(torch.tensor([-2.0, 0.5, 2.0]))
        tensor([-1.0000,  0.5000,  1.0000])
    """
    return F.hardtanh(x)


@registry.register("activations")
def softsign(x: Tensor) -> Tensor:
    """`x / (1 + |x|)`.

    Example:
        >>> softsign(torch.tensor([1.0]))
        tensor([0.5000])
    """
    return F.softsign(x)


@registry.register("activations")
def exponential(x: Tensor) -> Tensor:
    """`exp(x)`.

    Example:
        >>> exponential(torch.tensor([0.0]))
        tensor([1.])
    """
    return torch.exp(x)
