"""Activations that let large values through: the family of the rectified linear unit.

They are thin: one torch function each where torch has it, so that torch compiles, exports and records them as its own.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary

from kerastorch.base import registry


@registry.register("activations")
def linear(x: Tensor) -> Tensor:
    """`x` itself.

    Example:
        >>> linear(torch.tensor([1.0]))
        tensor([1.])
    """
    return x


@registry.register("activations")
def relu(x: Tensor, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """`max(x, 0)`; more generally x above `threshold`, at most `max_value`, `negative_slope * (x - threshold)` below.

    Args:
        x: A float tensor.
        negative_slope: The slope below the threshold.
        max_value: The greatest result; None for no limit.
        threshold: Below it values are damped.

    Returns:
        A tensor like `x`.

    Example:
        >>> relu(torch.tensor([-2.0, 3.0]))
        tensor([0., 3.])
        >>> relu(torch.tensor([-2.0, 3.0]), negative_slope=0.5, max_value=1.0)
        tensor([-1.,  1.])
    """
    if negative_slope == 0.0 and max_value is None and threshold == 0.0:
        return torch.relu(x)
    return _general_relu(x, negative_slope, max_value, threshold)


def _general_relu(x: Tensor, negative_slope: float, max_value: float | None, threshold: float) -> Tensor:
    if has_torch_function_unary(x):
        arguments: dict[str, Any] = {"negative_slope": negative_slope, "max_value": max_value, "threshold": threshold}
        return handle_torch_function(relu, (x,), x, **arguments)
    if negative_slope != 0.0 and max_value is None and threshold == 0:
        return F.leaky_relu(x, negative_slope)
    kept = torch.relu(x) if threshold == 0 else torch.where(x > threshold, x, 0.0)
    if max_value is not None:
        kept = F.relu6(x) if max_value == 6 and threshold == 0 else kept.clamp(0.0, max_value)
    return kept - negative_slope * torch.relu(threshold - x) if negative_slope != 0.0 else kept


@registry.register("activations")
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """x, times `negative_slope` where x is negative.

    Example:
        >>> leaky_relu(torch.tensor([-1.0, 1.0]))
        tensor([-0.2000,  1.0000])
    """
    return F.leaky_relu(x, negative_slope)


@registry.register("activations")
def relu6(x: Tensor) -> Tensor:
    """`min(max(x, 0), 6)`.

    Example:
        >>> relu6(torch.tensor([-1.0, 9.0]))
        tensor([0., 6.])
    """
    return F.relu6(x)


@registry.register("activations")
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x, and `alpha * (exp(x) - 1)` where x is negative (Clevert et al., 2015, https://arxiv.org/abs/1511.07289).

    Example:
        >>> elu(torch.tensor([0.0, 1.0]))
        tensor([0., 1.])
    """
    return F.elu(x, alpha)


@registry.register("activations")
def selu(x: Tensor) -> Tensor:
    """`1.0507 * elu(x, 1.6733)`, which keeps mean 0 and variance 1 (Klambauer et al., 2017, https://arxiv.org/abs/1706.02515).

    Example:
        >>> selu(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 1.0507])
    """
    return torch.selu(x)


@registry.register("activations")
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """x, and `alpha * (exp(x / alpha) - 1)` where x is negative (Barron, 2017, https://arxiv.org/abs/1704.07483).

    Example:
        >>> celu(torch.tensor([0.0, 1.0]))
        tensor([0., 1.])
    """
    return torch.celu(x, alpha)


@registry.register("activations")
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """x times the normal distribution function of x (Hendrycks and Gimpel, 2016, https://arxiv.org/abs/1606.08415).

    Args:
        x: A float tensor.
        approximate: Whether to use the tanh form.

    Returns:
        A tensor like `x`.

    Example:
        >>> gelu(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8413])
    """
    return F.gelu(x, approximate="tanh" if approximate else "none")


@registry.register("activations", "swish")
def silu(x: Tensor) -> Tensor:
    """`x * sigmoid(x)`, also called swish (Ramachandran et al., 2017, https://arxiv.org/abs/1710.05941).

    Example:
        >>> silu(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7311])
    """
    return F.silu(x)


@registry.register("activations", "hard_swish")
def hard_silu(x: Tensor) -> Tensor:
    """`x * hard_sigmoid(x)`, also called hard swish (Howard et al., 2019, https://arxiv.org/abs/1905.02244).

    Example:
        >>> hard_silu(torch.tensor([-3.0, 3.0]))
        tensor([-0., 3.])
    """
    return F.hardswish(x)


@registry.register("activations")
def mish(x: Tensor) -> Tensor:
    """`x * tanh(softplus(x))` (Misra, 2019, https://arxiv.org/abs/1908.08681).

    Example:
        >>> mish(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8651])
    """
    return F.mish(x)


@registry.register("activations")
def softplus(x: Tensor) -> Tensor:
    """`log(exp(x) + 1)`.

    Example:
        >>> softplus(torch.tensor([0.0]))
        tensor([0.6931])
    """
    return F.softplus(x)


@registry.register("activations")
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """`(x + sqrt(x ** 2 + b)) / 2` (Barron, 2021, https://arxiv.org/abs/2112.11687).

    Example:
        >>> squareplus(torch.tensor([0.0]))
        tensor([1.])
    """
    if has_torch_function_unary(x):
        return handle_torch_function(squareplus, (x,), x, b=b)
    return (x + torch.sqrt(x.square() + b)) / 2


@registry.register("activations")
def sparse_plus(x: Tensor) -> Tensor:
    """0 up to -1, `(x + 1) ** 2 / 4` between, x from 1 on.

    Example:
        >>> sparse_plus(torch.tensor([-2.0, 0.0, 2.0]))
        tensor([0.0000, 0.2500, 2.0000])
    """
    if has_torch_function_unary(x):
        return handle_torch_function(sparse_plus, (x,), x)
    return torch.where(x <= -1, 0.0, torch.where(x < 1, (x + 1).square() / 4, x))


@registry.register("activations")
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x moved towards 0 by `threshold`, 0 within it.

    Example:
        >>> soft_shrink(torch.tensor([-1.0, 0.2, 1.0]))
        tensor([-0.5000,  0.0000,  0.5000])
    """
    return F.softshrink(x, threshold)


@registry.register("activations")
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x, and 0 where |x| is at most `threshold`.

    Example:
        >>> hard_shrink(torch.tensor([-1.0, 0.2, 1.0]))
        tensor([-1.,  0.,  1.])
    """
    return F.hardshrink(x, threshold)


@registry.register("activations")
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """x above `threshold`, `default_value` elsewhere.

    Example:
        >>> threshold(torch.tensor([-1.0, 2.0]), 0.0, 5.0)
        tensor([5., 2.])
    """
    return F.threshold(x, threshold, default_value)
