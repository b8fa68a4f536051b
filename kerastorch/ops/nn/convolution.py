"""Convolutions with Keras's layouts: kernels (*window, in, out), inputs channels last or first.

A channels-last input is handed to torch as a permuted view, which is torch's channels_last memory format, so that
nothing is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from kerastorch import config
from kerastorch.base import errors
from kerastorch.ops._padding import same_pads, symmetric, torch_order, transposed_crop
from kerastorch.ops._symbolic import op

Sizes = int | Sequence[int]
_CONV: dict[int, Any] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED: dict[int, Any] = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def per_dimension(value: Sizes, dims: int, name: str) -> tuple[int, ...]:
    """One positive integer for each spatial dimension.

    Raises:
        ValueError: There are too few or too many, or one is not a positive integer.
    """
    sizes = (value,) * dims if isinstance(value, int) else tuple(value)
    if len(sizes) != dims or not all(isinstance(s, int) and s > 0 for s in sizes):
        raise errors.value_error(f"`{name}`", expected=f"a positive integer or {dims} of them", received=value)
    return sizes


def spatial_dims(x: Tensor, operation: str) -> int:
    """How many spatial dimensions a batch of images has: 1, 2 or 3."""
    if x.ndim not in (3, 4, 5):
        raise errors.value_error(
            f"`inputs` of {operation}",
            expected="3, 4 or 5 dimensions (batch, 1 to 3 spatial ones, channels)",
            received=x,
        )
    return x.ndim - 2


def channels_first(x: Tensor, data_format: str) -> Tensor:
    """A view with the channels behind the batch."""
    return x.movedim(-1, 1) if data_format == "channels_last" else x


def channels_back(x: Tensor, data_format: str) -> Tensor:
    """A view with the channels where `data_format` has them."""
    return x.movedim(1, -1) if data_format == "channels_last" else x


def check_padding(padding: str, allowed: tuple[str, ...] = ("valid", "same")) -> str:
    """`padding` in lower case.

    Raises:
        ValueError: It is none of `allowed`.
    """
    if not isinstance(padding, str) or padding.lower() not in allowed:
        raise errors.value_error("`padding`", expected=" or ".join(repr(p) for p in allowed), received=padding)
    return padding.lower()


@op("nn", "inputs", "kernel")
def conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """A 1D, 2D or 3D convolution (with groups where the kernel has fewer input channels than the input).

    Args:
        inputs: Shape (batch, *space, channels), or (batch, channels, *space) with "channels_first".
        kernel: Shape (*window, channels / groups, filters).
        strides: The window's step, one for all dimensions or one each.
        padding: "valid" (none) or "same" (the output has ceil(size / stride) cells).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells.

    Returns:
        Shape (batch, *new space, filters), or channels first.

    Raises:
        ValueError: Ranks or channels do not fit.

    Example:
        >>> import torch
        >>> tuple(conv(torch.ones(1, 5, 5, 2), torch.ones(3, 3, 2, 4), strides=2, padding="same").shape)
        (1, 3, 3, 4)
    """
    dims = spatial_dims(inputs, "conv")
    layout, padding = config.standardize_data_format(data_format), check_padding(padding)
    steps, spacing = per_dimension(strides, dims, "strides"), per_dimension(dilation_rate, dims, "dilation_rate")
    x = channels_first(inputs, layout)
    if x.shape[1] % kernel.shape[-2]:
        raise errors.value_error(
            "Channels of `inputs` of conv", expected=f"a multiple of the kernel's {kernel.shape[-2]}", received=inputs
        )
    groups = x.shape[1] // kernel.shape[-2]
    weight = kernel.permute(dims + 1, dims, *range(dims))
    pads: Any = 0
    if padding == "same":
        wanted = same_pads(x.shape[2:], kernel.shape[:dims], steps, spacing)
        pads = symmetric(wanted)
        if pads is None:
            x, pads = F.pad(x, torch_order(wanted)), 0
    return channels_back(_CONV[dims](x, weight, None, steps, pads, spacing, groups), layout)


@op("nn", "inputs", "kernel")
def depthwise_conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """A convolution of each channel by itself.

    Args:
        inputs: As in `conv`.
        kernel: Shape (*window, channels, multiplier).
        strides: As in `conv`.
        padding: As in `conv`.
        data_format: As in `conv`.
        dilation_rate: As in `conv`.

    Returns:
        Shape (batch, *new space, channels * multiplier), or channels first.
    """
    channels = inputs.shape[-1 if config.standardize_data_format(data_format) == "channels_last" else 1]
    if channels != kernel.shape[-2]:
        raise errors.value_error("Channels of `inputs`", expected=f"the kernel's {kernel.shape[-2]}", received=inputs)
    flat = kernel.reshape(*kernel.shape[:-2], 1, kernel.shape[-2] * kernel.shape[-1])
    return conv.raw(inputs, flat, strides, padding, data_format, dilation_rate)


@op("nn", "inputs", "depthwise_kernel", "pointwise_kernel")
def separable_conv(
    inputs: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """A depthwise convolution followed by one over the channels alone.

    Args:
        inputs: As in `conv`.
        depthwise_kernel: As in `depthwise_conv`.
        pointwise_kernel: Shape (1, ..., channels * multiplier, filters).
        strides: As in `conv`.
        padding: As in `conv`.
        data_format: As in `conv`.
        dilation_rate: As in `conv`.

    Returns:
        Shape (batch, *new space, filters), or channels first.
    """
    deep = depthwise_conv.raw(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv.raw(deep, pointwise_kernel, 1, "valid", data_format)


@op("nn", "inputs", "kernel")
def conv_transpose(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    output_padding: Sizes | None = None,
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """A transposed convolution, which spreads each input cell over a window of the output.

    Args:
        inputs: As in `conv`.
        kernel: Shape (*window, filters, channels).
        strides: The step between the windows of neighbouring cells.
        padding: "valid", or "same" (the output has size * stride cells).
        output_padding: Cells added at the end of each dimension; None for Keras's choice.
        data_format: As in `conv`.
        dilation_rate: As in `conv`.

    Returns:
        Shape (batch, *new space, filters), or channels first.

    Example:
        >>> import torch
        >>> tuple(conv_transpose(torch.ones(1, 4, 4, 2), torch.ones(3, 3, 5, 2), strides=2, padding="same").shape)
        (1, 8, 8, 5)
    """
    dims = spatial_dims(inputs, "conv_transpose")
    layout, padding = config.standardize_data_format(data_format), check_padding(padding)
    steps, spacing = per_dimension(strides, dims, "strides"), per_dimension(dilation_rate, dims, "dilation_rate")
    extra = (output_padding,) * dims if isinstance(output_padding, int) else output_padding or (None,) * dims
    x = channels_first(inputs, layout)
    if x.shape[1] != kernel.shape[-1]:
        raise errors.value_error("Channels of `inputs`", expected=f"the kernel's {kernel.shape[-1]}", received=inputs)
    crops = [
        transposed_crop(k, s, padding, e, d)
        for k, s, e, d in zip(kernel.shape[:dims], steps, extra, spacing, strict=True)
    ]
    weight = kernel.permute(dims + 1, dims, *range(dims))
    full = _TRANSPOSED[dims](x, weight, None, steps, 0, 0, 1, spacing)
    return channels_back(crop(full, crops), layout)


def crop(x: Tensor, crops: list[tuple[int, int]]) -> Tensor:
    """Take (before, after) cells off the spatial dimensions of a channels-first tensor; negative adds zeros."""
    if any(before or after for before, after in crops):
        return F.pad(x, torch_order([(-before, -after) for before, after in crops]))
    return x
