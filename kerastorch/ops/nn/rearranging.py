"""Blocks of images as vectors and back, polar numbers, and the signal-to-noise ratio."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch import config
from kerastorch.base import errors
from kerastorch.ops._convert import as_float
from kerastorch.ops._symbolic import op

Size = int | tuple[int, int]


@op("nn", "x")
def unfold(x: Tensor, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Tensor:
    """Every window of an image (batch, channels, height, width) as a column: (batch, channels * cells, windows)."""
    return F.unfold(x, kernel_size, dilation, padding, stride)


@op("nn", "x")
def fold(
    x: Tensor, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Tensor:
    """The reverse of `unfold`; where windows overlap their values are added."""
    return F.fold(x, output_size, kernel_size, dilation, padding, stride)


def _image(x: Tensor, data_format: str, operation: str) -> str:
    if x.ndim != 4:
        raise errors.value_error(f"`x` of {operation}", expected="a batch of images (4 dimensions)", received=x)
    return config.standardize_data_format(data_format)


@op("nn", "x")
def depth_to_space(x: Tensor, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Groups of `block_size**2` channels laid out as blocks of cells.

    Example:
        >>> tuple(depth_to_space(torch.zeros(1, 2, 2, 8), 2).shape)
        (1, 4, 4, 2)
    """
    b = block_size
    if _image(x, data_format, "depth_to_space") == "channels_last":
        n, h, w, c = x.shape
        blocks = x.reshape(n, h, w, b, b, c // b**2).permute(0, 1, 3, 2, 4, 5)
        return blocks.reshape(n, h * b, w * b, c // b**2)
    n, c, h, w = x.shape
    return x.reshape(n, c // b**2, b, b, h, w).permute(0, 1, 4, 2, 5, 3).reshape(n, c // b**2, h * b, w * b)


@op("nn", "x")
def space_to_depth(x: Tensor, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Blocks of cells laid out as channels: the reverse of `depth_to_space`.

    Example:
        >>> tuple(space_to_depth(torch.zeros(1, 4, 4, 2), 2).shape)
        (1, 2, 2, 8)
    """
    b = block_size
    if _image(x, data_format, "space_to_depth") == "channels_last":
        n, h, w, c = x.shape
        return x.reshape(n, h // b, b, w // b, b, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h // b, w // b, c * b**2)
    n, c, h, w = x.shape
    return x.reshape(n, c, h // b, b, w // b, b).permute(0, 1, 3, 5, 2, 4).reshape(n, c * b**2, h // b, w // b)


@op("nn", "abs_", "angle")
def polar(abs_: Tensor, angle: Tensor) -> Tensor:
    """Complex numbers of lengths and angles."""
    return torch.polar(as_float(abs_), as_float(angle))


@op("nn", "x1", "x2", keras="PSNR")
def psnr(x1: Tensor, x2: Tensor, max_val: float) -> Tensor:
    """The peak signal-to-noise ratio of two images in decibels: `20 log10(max_val) - 10 log10(mean squared error)`."""
    if x1.shape != x2.shape:
        raise errors.value_error("`x1` and `x2` of psnr", expected=f"one shape, {tuple(x1.shape)}", received=x2)
    peak = torch.as_tensor(max_val, dtype=x1.dtype, device=x1.device)
    return 20 * torch.log10(peak) - 10 * torch.log10(torch.mean(torch.square(x1 - x2)))
