"""Moments and normalization."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch import config
from kerastorch.base import errors
from kerastorch.ops._convert import as_float
from kerastorch.ops._symbolic import op
from kerastorch.ops.numpy.reductions import Axis, axes_of


@op("nn", "x")
def moments(x: Tensor, axes: Axis, keepdims: bool = False, synchronized: bool = False) -> tuple[Tensor, Tensor]:
    """The mean and the variance (divided by the count) over axes.

    Args:
        x: A float tensor; float16 is computed in float32.
        axes: One axis or several.
        keepdims: Whether the axes stay with length 1.
        synchronized: Only False: means over several devices are the strategy's business.

    Returns:
        The pair (mean, variance).

    Example:
        >>> moments([1.0, 3.0], axes=0)
        (tensor(2.), tensor(1.))
    """
    if synchronized:
        raise errors.value_error("`synchronized` of moments", expected="False", received=synchronized)
    wide = x.float() if x.dtype == torch.float16 else as_float(x)
    variance, mean = torch.var_mean(wide, dim=axes_of(x, axes), correction=0, keepdim=keepdims)
    if x.dtype != torch.float16:
        return mean, variance
    top = torch.finfo(torch.float16).max
    return mean.clamp(-top, top).to(x.dtype), variance.clamp(-top, top).to(x.dtype)


@op("nn", "x", "mean", "variance", "offset", "scale", keras="BatchNorm")
def batch_normalization(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    axis: int,
    offset: Tensor | None = None,
    scale: Tensor | None = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset` with one value of each for every channel.

    Args:
        x: Any float tensor.
        mean: Shape (channels,).
        variance: Shape (channels,).
        axis: The channels' axis in `x`.
        offset: Shape (channels,), or None for 0.
        scale: Shape (channels,), or None for 1.
        epsilon: Added to the variance.

    Returns:
        A tensor of the shape of `x`.
    """
    constant = not (mean.requires_grad or variance.requires_grad)  # torch's kernel has no gradient for them
    if constant and mean.dtype == x.dtype == variance.dtype and x.ndim > 1:
        normal = F.batch_norm(x.movedim(axis, 1), mean, variance, scale, offset, False, 0.0, epsilon)
        return normal.movedim(1, axis)
    shape = [1] * x.ndim
    shape[axis] = -1
    factor = torch.rsqrt(variance + epsilon) * (1 if scale is None else scale)
    shift = 0 if offset is None else offset.reshape(shape)
    return (x - mean.reshape(shape)) * factor.reshape(shape) + shift


def _is_last(x: Tensor, axes: Sequence[int]) -> bool:
    return list(axes) == list(range(x.ndim - len(axes), x.ndim))


@op("nn", "x", "gamma", "beta", keras="LayerNorm")
def layer_normalization(
    x: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    axis: Axis = -1,
    epsilon: float | None = None,
    rms_scaling: bool = False,
) -> Tensor:
    """Each sample's values over axes brought to mean 0 and variance 1, then scaled and moved.

    Args:
        x: A float tensor; computed in float32 at least.
        gamma: The scale, with the shape of the axes; None for 1.
        beta: The offset, likewise; None for 0.
        axis: The axis or axes.
        epsilon: Added to the variance; default `config.epsilon()`.
        rms_scaling: Keras's older option: divide by the standard deviation only, without taking the mean away.

    Returns:
        A tensor of the shape and dtype of `x`.
    """
    eps = config.epsilon() if epsilon is None else epsilon
    axes = sorted(axes_of(x, axis))
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    shape = [n if i in axes else 1 for i, n in enumerate(x.shape)]
    sizes = [x.shape[a] for a in axes]
    gamma, beta = (None if v is None else v.to(wide.dtype) for v in (gamma, beta))
    if rms_scaling:
        out = wide * torch.rsqrt(torch.var(wide, dim=axes, correction=0, keepdim=True) + eps)
        return (out if gamma is None else out * gamma.reshape(shape)).to(x.dtype)
    if _is_last(x, axes):
        gamma, beta = (None if v is None else v.reshape(sizes) for v in (gamma, beta))
        return F.layer_norm(wide, sizes, gamma, beta, eps).to(x.dtype)
    variance, mean = torch.var_mean(wide, dim=axes, correction=0, keepdim=True)
    out = (wide - mean) * torch.rsqrt(variance + eps)
    out = out if gamma is None else out * gamma.reshape(shape)
    return (out if beta is None else out + beta.reshape(shape)).to(x.dtype)


@op("nn", "x", "scale", keras="RMSNorm")
def rms_normalization(x: Tensor, scale: Tensor | None = None, axis: Axis = -1, epsilon: float | None = None) -> Tensor:
    """`x / sqrt(mean(x**2) + epsilon) * scale` over axes (https://arxiv.org/abs/1910.07467)."""
    eps = config.epsilon() if epsilon is None else epsilon
    axes = sorted(axes_of(x, axis))
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    scale = None if scale is None else scale.to(wide.dtype)
    sizes = [x.shape[a] for a in axes]
    if _is_last(x, axes) and (scale is None or list(scale.shape) == sizes):
        return F.rms_norm(wide, sizes, scale, eps).to(x.dtype)
    out = wide * torch.rsqrt(torch.mean(torch.square(wide), dim=axes, keepdim=True) + eps)
    return (out if scale is None else out * scale).to(x.dtype)


@op("nn", "x")
def normalize(x: Tensor, axis: Axis = -1, order: int = 2, epsilon: float | None = None) -> Tensor:
    """Divide by the norm along an axis, which counts as `epsilon` at least.

    Args:
        x: Any tensor.
        axis: The axis or axes.
        order: Which norm (2: the Euclidean one).
        epsilon: The least norm; default `config.epsilon()`.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> normalize([3.0, 4.0])
        tensor([0.6000, 0.8000])
    """
    if not isinstance(order, int) or order < 1:
        raise errors.value_error("`order` of normalize", expected="an integer >= 1", received=order)
    least = config.epsilon() if epsilon is None else epsilon
    x = as_float(x if x.ndim else x[None])
    axes = axes_of(x, axis)
    if order == 2:
        return x * torch.clamp(torch.rsqrt(torch.sum(torch.square(x), dim=axes, keepdim=True)), max=1.0 / least)
    return x / torch.clamp(torch.linalg.norm(x, ord=order, dim=axes, keepdim=True), min=least)
