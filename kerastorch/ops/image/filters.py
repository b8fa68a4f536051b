"""Blur, edges, similarity and resampling with kernels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch import config
from kerastorch.base import errors
from kerastorch.ops._convert import as_float, is_integral
from kerastorch.ops._symbolic import op
from kerastorch.ops.image.resize import check_images


def _gaussian(size: int, sigma: Any, like: Tensor) -> Tensor:
    place = torch.arange(size, dtype=like.dtype, device=like.device) - (size - 1) / 2
    weights = torch.exp(-0.5 * torch.square(place / sigma))
    return weights / weights.sum()


def _first(images: Tensor, data_format: str | None) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """The images as a channels-first batch, and the way back."""
    last = config.standardize_data_format(data_format) == "channels_last"
    batch = images if check_images(images).ndim == 4 else images[None]

    def restore(x: Tensor) -> Tensor:
        x = x.movedim(1, 3) if last else x
        return x if images.ndim == 4 else x[0]

    return batch.movedim(-1, 1) if last else batch, restore


@op("image", "images")
def gaussian_blur(
    images: Tensor,
    kernel_size: Sequence[int] = (3, 3),
    sigma: Sequence[float] = (1.0, 1.0),
    data_format: str | None = None,
) -> Tensor:
    """Blur images with a Gaussian window.

    Args:
        images: One image or a batch.
        kernel_size: The window (height, width), odd numbers.
        sigma: The standard deviations, in cells.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.

    Returns:
        Images of the same shape, zeros assumed around them.
    """
    x, restore = _first(images, data_format)
    height, width = (int(n) for n in kernel_size)
    window = torch.outer(_gaussian(width, sigma[1], x), _gaussian(height, sigma[0], x)).reshape(1, 1, height, width)
    weight = window.expand(x.shape[1], 1, height, width)
    return restore(F.conv2d(x, weight, padding=(height // 2, width // 2), groups=x.shape[1]))


@op("image", "images")
def sobel_edges(images: Tensor, data_format: str | None = None) -> Tensor:
    """Brightness changes down and across: two values for each one, in a new last dimension.

    Args:
        images: A batch of images (or one).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.

    Returns:
        The shape of `images` with 2 behind it.
    """
    x, restore = _first(images, data_format)
    across = torch.tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=x.dtype, device=x.device)
    channels = x.shape[1]
    edges = [restore(F.conv2d(x, k.expand(channels, 1, 3, 3), padding=1, groups=channels)) for k in (across.T, across)]
    return torch.stack(edges, dim=-1)


@op("image", "image1", "image2", keras="SSIM")
def ssim(
    image1: Tensor,
    image2: Tensor,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Tensor:
    """The structural similarity of images (Wang et al. 2004, "Image quality assessment").

    Args:
        image1: One image or a batch.
        image2: Images of the same shape.
        max_val: The largest possible value.
        filter_size: The Gaussian window's size.
        filter_sigma: Its standard deviation.
        k1: Steadies the comparison of brightness.
        k2: Steadies the comparison of contrast.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.

    Returns:
        One value for each pair, 1 for equal images.
    """
    if image1.shape != image2.shape:
        raise errors.value_error("`image2` of ssim", expected=f"shape {tuple(image1.shape)}", received=image2)
    first, _ = _first(as_float(image1), data_format)
    second, _ = _first(as_float(image2), data_format)
    weights = _gaussian(filter_size, filter_sigma, first)
    window = torch.outer(weights, weights).expand(first.shape[1], 1, filter_size, filter_size)

    def blurred(x: Tensor) -> Tensor:
        return F.conv2d(x, window, groups=first.shape[1])

    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean1, mean2 = blurred(first), blurred(second)
    var1, var2 = blurred(first * first) - mean1**2, blurred(second * second) - mean2**2
    joint = blurred(first * second) - mean1 * mean2
    index = (2 * mean1 * mean2 + c1) * (2 * joint + c2) / ((mean1**2 + mean2**2 + c1) * (var1 + var2 + c2))
    values = index.mean(dim=(1, 2, 3))
    return values if image1.ndim == 4 else values[0]


def _triangle(x: Tensor) -> Tensor:
    return torch.clamp(1 - x, min=0)


def _keys_cubic(x: Tensor) -> Tensor:
    near = ((1.5 * x - 2.5) * x) * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x >= 2, 0, torch.where(x >= 1, far, near))


def _lanczos(radius: float) -> Callable[[Tensor], Tensor]:
    def kernel(x: Tensor) -> Tensor:
        waves = radius * torch.sin(math.pi * x) * torch.sin(math.pi * x / radius)
        value = torch.where(x > 1e-3, waves / torch.where(x != 0, (math.pi * x) ** 2, 1), 1)
        return torch.where(x > radius, 0, value)

    return kernel


_KERNELS: dict[str, Callable[[Tensor], Tensor]] = {
    **dict.fromkeys(("linear", "bilinear", "trilinear"), _triangle),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _keys_cubic),
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}


@op("image", "images", "scale", "translation", call=("images", "output_shape", "scale", "translation"))
def scale_and_translate(
    images: Tensor,
    output_shape: Sequence[int],
    scale: Tensor,
    translation: Tensor,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Tensor:
    """Resample along some dimensions: output place x is read at (x + 0.5 - translation) / scale - 0.5.

    Args:
        images: Any tensor.
        output_shape: The result's whole shape.
        scale: One factor for each of `spatial_dims`.
        translation: One shift, in output cells, for each of them.
        spatial_dims: Which dimensions are resampled.
        method: "linear", "cubic", "lanczos3" or "lanczos5" (also "bilinear", "bicubic", ...).
        antialias: Whether kernels widen where the result is smaller.

    Returns:
        A tensor of shape `output_shape`.
    """
    if method not in _KERNELS:
        raise errors.unknown_name("method of scale_and_translate", method, _KERNELS)
    scale, translation = as_float(scale), as_float(translation)
    out = images.float() if is_integral(images) else images
    for i, d in enumerate(spatial_dims):
        weights = _weights(
            images.shape[d], int(output_shape[d]), scale[i], translation[i], _KERNELS[method], antialias
        ).to(out.dtype)
        out = torch.tensordot(out, weights, dims=([d], [0])).movedim(-1, d)
    if is_integral(images):
        out = torch.clamp(torch.round(out), images.min(), images.max())
    return out.to(images.dtype)


def _weights(
    size: int, new_size: int, scale: Tensor, translation: Tensor, kernel: Callable[[Tensor], Tensor], antialias: bool
) -> Tensor:
    """What each old cell gives to each new one: shape (size, new_size), columns summing to 1."""
    widening = torch.clamp(1 / scale, min=1) if antialias else 1.0
    place = (torch.arange(new_size, dtype=scale.dtype, device=scale.device) + 0.5 - translation) / scale - 0.5
    old = torch.arange(size, dtype=scale.dtype, device=scale.device)[:, None]
    weights = kernel(torch.abs(place - old) / widening)
    total = weights.sum(0, keepdim=True)
    tiny = 1000.0 * torch.finfo(torch.float32).eps
    weights = torch.where(total.abs() > tiny, weights / torch.where(total != 0, total, 1), 0)
    return torch.where((place >= -0.5) & (place <= size - 0.5), weights, 0)
