"""Pooling with Keras's layouts and padding."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from kerastorch import config
from kerastorch.ops._padding import same_pads, symmetric, torch_order
from kerastorch.ops._symbolic import op
from kerastorch.ops.nn.convolution import (
    Sizes,
    channels_back,
    channels_first,
    check_padding,
    per_dimension,
    spatial_dims,
)

_MAX: dict[int, Any] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGE: dict[int, Any] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
_ADAPTIVE_MAX: dict[int, Any] = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}
_ADAPTIVE_AVERAGE: dict[int, Any] = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}


@op("nn", "inputs")
def max_pool(
    inputs: Tensor,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The largest value of each window.

    Args:
        inputs: Shape (batch, *space, channels), or (batch, channels, *space) with "channels_first".
        pool_size: The window, one size for all dimensions or one each.
        strides: The window's step; default the window.
        padding: "valid" (none) or "same" (the output has ceil(size / stride) cells).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.

    Returns:
        Shape (batch, *new space, channels), or channels first.

    Example:
        >>> import torch
        >>> max_pool(torch.tensor([[[1.0], [3.0], [2.0]]]), 2, 1).flatten()
        tensor([3., 3.])
    """
    dims, layout = spatial_dims(inputs, "max_pool"), config.standardize_data_format(data_format)
    window = per_dimension(pool_size, dims, "pool_size")
    steps = window if strides is None else per_dimension(strides, dims, "strides")
    x, pads = _padded(channels_first(inputs, layout), window, steps, check_padding(padding))
    return channels_back(_MAX[dims](x, window, steps, pads), layout)


@op("nn", "inputs")
def average_pool(
    inputs: Tensor,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The mean of each window; arguments as in `max_pool`.

    Even padding is left out of the means. Where "same" padding is uneven, the edge is repeated and counts, as in
    Keras on torch.
    """
    dims, layout = spatial_dims(inputs, "average_pool"), config.standardize_data_format(data_format)
    window = per_dimension(pool_size, dims, "pool_size")
    steps = window if strides is None else per_dimension(strides, dims, "strides")
    x, pads = _padded(channels_first(inputs, layout), window, steps, check_padding(padding))
    return channels_back(_AVERAGE[dims](x, window, steps, pads, count_include_pad=False), layout)


def _padded(x: Tensor, window: tuple[int, ...], steps: tuple[int, ...], padding: str) -> tuple[Tensor, Any]:
    """The input, its edge repeated where "same" padding is uneven, and the padding left to torch's kernel."""
    if padding == "valid":
        return x, 0
    wanted = same_pads(x.shape[2:], window, steps, (1,) * len(window))
    even = symmetric(wanted)
    return (F.pad(x, torch_order(wanted), mode="replicate"), 0) if even is None else (x, even)


@op("nn", "inputs")
def adaptive_max_pool(inputs: Tensor, output_size: Sizes, data_format: str | None = None) -> Tensor:
    """The largest value of each of `output_size` windows that cover the input evenly."""
    return _adaptive(_ADAPTIVE_MAX, inputs, output_size, data_format)


@op("nn", "inputs")
def adaptive_average_pool(inputs: Tensor, output_size: Sizes, data_format: str | None = None) -> Tensor:
    """The mean of each of `output_size` windows that cover the input evenly."""
    return _adaptive(_ADAPTIVE_AVERAGE, inputs, output_size, data_format)


def _adaptive(functions: dict[int, Any], inputs: Tensor, output_size: Sizes, data_format: str | None) -> Tensor:
    dims, layout = spatial_dims(inputs, "adaptive pooling"), config.standardize_data_format(data_format)
    sizes = per_dimension(output_size, dims, "output_size")
    pooled: Tensor = functions[dims](channels_first(inputs, layout), sizes)
    return channels_back(pooled, layout)
