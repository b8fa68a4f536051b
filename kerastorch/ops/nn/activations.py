"""Activation functions, elementwise and over an axis."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch.ops._convert import as_float
from kerastorch.ops._symbolic import op


@op("nn", "x")
def relu(x: Tensor) -> Tensor:
    """`max(x, 0)`.

    Example:
        >>> relu([-1.0, 2.0])
        tensor([0., 2.])
    """
    return F.relu(x)


@op("nn", "x")
def relu6(x: Tensor) -> Tensor:
    """`min(max(x, 0), 6)`."""
    return F.relu6(x)


@op("nn", "x")
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """The value where positive, `negative_slope` times it elsewhere."""
    return F.leaky_relu(x, negative_slope)


@op("nn", "x")
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """The value where positive, `alpha * (exp(x) - 1)` elsewhere (https://arxiv.org/abs/1511.07289)."""
    return F.elu(x, alpha)


@op("nn", "x")
def selu(x: Tensor) -> Tensor:
    """The scaled `elu` that keeps mean 0 and variance 1 (https://arxiv.org/abs/1706.02515)."""
    return F.selu(x)


@op("nn", "x")
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """The value where positive, `alpha * (exp(x / alpha) - 1)` elsewhere (https://arxiv.org/abs/1704.07483)."""
    return F.celu(x, alpha)


@op("nn", "x")
def gelu(x: Tensor, approximate: bool = True) -> Tensor:
    """`x` times the Gaussian distribution function at `x` (https://arxiv.org/abs/1606.08415).

    Args:
        x: A float tensor.
        approximate: Whether the distribution function is approximated through tanh.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> gelu([1.0], approximate=False)
        tensor([0.8413])
    """
    return F.gelu(x, approximate="tanh" if approximate else "none")


@op("nn", "x", aliases=("swish",))
def silu(x: Tensor) -> Tensor:
    """`x * sigmoid(x)`. `ops.swish` is the same function."""
    return F.silu(x)


@op("nn", "x")
def sigmoid(x: Tensor) -> Tensor:
    """`1 / (1 + exp(-x))`.

    Example:
        >>> sigmoid([0.0])
        tensor([0.5000])
    """
    return torch.sigmoid(x)


@op("nn", "x")
def log_sigmoid(x: Tensor) -> Tensor:
    """The logarithm of `sigmoid`, without underflow."""
    return F.logsigmoid(x)


@op("nn", "x")
def hard_sigmoid(x: Tensor) -> Tensor:
    """`relu6(x + 3) / 6`."""
    return F.hardsigmoid(x)


@op("nn", "x", aliases=("hard_swish",))
def hard_silu(x: Tensor) -> Tensor:
    """`x * hard_sigmoid(x)`. `ops.hard_swish` is the same function."""
    return F.hardswish(x)


@op("nn", "x")
def hard_tanh(x: Tensor) -> Tensor:
    """The value brought into [-1, 1]."""
    return F.hardtanh(x)


@op("nn", "x")
def tanh_shrink(x: Tensor) -> Tensor:
    """`x - tanh(x)`."""
    return F.tanhshrink(x)


@op("nn", "x")
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """The value where its absolute value exceeds the threshold, else 0."""
    return F.hardshrink(x, threshold)


@op("nn", "x")
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """The value brought nearer to 0 by the threshold, and 0 within it."""
    return F.softshrink(x, threshold)


@op("nn", "x")
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """The value where it exceeds the threshold, else `default_value`."""
    return F.threshold(x, threshold, default_value)


@op("nn", "x")
def softplus(x: Tensor) -> Tensor:
    """`log(1 + exp(x))`."""
    return F.softplus(x)


@op("nn", "x")
def softsign(x: Tensor) -> Tensor:
    """`x / (1 + |x|)`."""
    return F.softsign(x)


@op("nn", "x")
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """`(x + sqrt(x**2 + b)) / 2` (https://arxiv.org/abs/2112.11687)."""
    return (x + torch.sqrt(torch.square(x) + b)) / 2


@op("nn", "x")
def sparse_plus(x: Tensor) -> Tensor:
    """0 below -1, the value above 1, and `(x + 1)**2 / 4` between."""
    return torch.where(x <= -1, 0, torch.where(x < 1, torch.square(x + 1) / 4, x))


@op("nn", "x")
def sparse_sigmoid(x: Tensor) -> Tensor:
    """0 below -1, 1 above 1, and `(x + 1) / 2` between."""
    return torch.where(x <= -1, 0, torch.where(x >= 1, 1, 0.5 * (x + 1)))


@op("nn", "x")
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """The first half along an axis times the sigmoid of the second (https://arxiv.org/abs/1612.08083)."""
    return F.glu(x, axis)


@op("nn", "x")
def softmax(x: Tensor, axis: int | None = -1) -> Tensor:
    """Exponentials divided by their sum along an axis.

    Args:
        x: A float tensor.
        axis: The axis; None takes all values together.

    Returns:
        Values in [0, 1] whose sum along the axis is 1.

    Example:
        >>> softmax([0.0, 0.0])
        tensor([0.5000, 0.5000])
    """
    x = as_float(x)
    return torch.softmax(x.reshape(-1), -1).reshape(x.shape) if axis is None else torch.softmax(x, axis)


@op("nn", "x")
def log_softmax(x: Tensor, axis: int | None = -1) -> Tensor:
    """The logarithm of `softmax`, without underflow."""
    x = as_float(x)
    return torch.log_softmax(x.reshape(-1), -1).reshape(x.shape) if axis is None else torch.log_softmax(x, axis)


@op("nn", "x")
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """The nearest point of the probability simplex along an axis (https://arxiv.org/abs/1602.02068)."""
    ordered = torch.sort(x, dim=axis, descending=True).values
    sums = torch.cumsum(ordered, dim=axis)
    shape = [1] * x.ndim
    shape[axis] = -1
    rank = torch.arange(1, x.shape[axis] + 1, dtype=x.dtype, device=x.device).reshape(shape)
    support = ordered - (sums - 1) / rank > 0
    count = torch.sum(support, dim=axis, keepdim=True)
    # Keras adds the running sums of all supported places, not the last one alone; its values are kept.
    excess = (torch.sum(torch.where(support, sums, 0), dim=axis, keepdim=True) - 1) / count
    return torch.clamp(x - excess, min=0)


swish = silu
hard_swish = hard_silu
