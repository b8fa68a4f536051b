"""Resizing, cropping and padding of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch import config
from kerastorch.base import errors
from kerastorch.ops._padding import torch_order
from kerastorch.ops._symbolic import op

_MODES = {"nearest": "nearest-exact", "bilinear": "bilinear", "bicubic": "bicubic"}


def check_images(images: Tensor, name: str = "images") -> Tensor:
    """The images, if they are one (3 dimensions) or a batch (4).

    Raises:
        ValueError: They have other dimensions.
    """
    if images.ndim not in (3, 4):
        raise errors.value_error(
            f"`{name}`", expected="an image (3 dimensions) or a batch of them (4)", received=images
        )
    return images


@op("image", "images")
def resize(
    images: Tensor,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Bring images to another size.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels); channels first as `data_format`
            says. Integers are rounded back to integers.
        size: The new (height, width).
        interpolation: "bilinear", "nearest" or "bicubic".
        antialias: Whether to smooth when making images smaller (not with "nearest").
        crop_to_aspect_ratio: Whether to cut the middle out first, so that shapes keep their proportions.
        pad_to_aspect_ratio: Whether to put `fill_value` around first, for the same end.
        fill_mode: Only "constant".
        fill_value: What is put around.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.

    Returns:
        Images of the new size and the same dtype.

    Raises:
        ValueError: An argument is none of those named.

    Example:
        >>> tuple(resize(torch.zeros(2, 4, 4, 3), (8, 6)).shape)
        (2, 8, 6, 3)
    """
    _check_resize(images, size, interpolation, fill_mode, crop_to_aspect_ratio and pad_to_aspect_ratio)
    last = config.standardize_data_format(data_format) == "channels_last"
    batch = images if images.ndim == 4 else images[None]
    x = batch.movedim(-1, 1) if last else batch
    x = x if x.dtype in (torch.float32, torch.float64) else x.float()
    height, width = (int(n) for n in size)
    if crop_to_aspect_ratio:
        x = _cropped(x, height, width)
    elif pad_to_aspect_ratio:
        x = _surrounded(x, height, width, fill_value)
    smooth = interpolation != "nearest"
    out = F.interpolate(
        x,
        (height, width),
        mode=_MODES[interpolation],
        align_corners=False if smooth else None,
        antialias=antialias and smooth,
    )
    out = _as(out, images.dtype, clip=interpolation == "bicubic")
    out = out.movedim(1, -1) if last else out
    return out if images.ndim == 4 else out[0]


def _check_resize(images: Tensor, size: Sequence[int], interpolation: str, fill_mode: str, both: bool) -> None:
    check_images(images)
    if interpolation not in _MODES:
        raise errors.unknown_name("interpolation", interpolation, _MODES)
    if fill_mode != "constant":
        raise errors.value_error("`fill_mode` of resize", expected="'constant'", received=fill_mode)
    if both:
        raise errors.value_error(
            "`crop_to_aspect_ratio` and `pad_to_aspect_ratio`", expected="one of them", received=True
        )
    if len(size) != 2:
        raise errors.value_error("`size` of resize", expected="(height, width)", received=size)


def _cropped(x: Tensor, height: int, width: int) -> Tensor:
    """The largest middle part with the proportions of (height, width)."""
    rows, cols = x.shape[-2:]
    keep_rows = max(min(rows, int(cols * height / width)), 1)
    keep_cols = max(min(cols, int(rows * width / height)), 1)
    top, left = (rows - keep_rows) // 2, (cols - keep_cols) // 2
    return x[..., top : top + keep_rows, left : left + keep_cols]


def _surrounded(x: Tensor, height: int, width: int, fill_value: float) -> Tensor:
    """The images with equal borders that give them (nearly) the proportions of (height, width)."""
    rows, cols = x.shape[-2:]
    top = (max(rows, int(cols * height / width)) - rows) // 2
    left = (max(cols, int(rows * width / height)) - cols) // 2
    return F.pad(x, (left, left, top, top), value=float(fill_value))


def _as(x: Tensor, dtype: torch.dtype, clip: bool) -> Tensor:
    if dtype.is_floating_point:
        return x.to(dtype)
    return (x.clamp(0, 255) if clip and dtype == torch.uint8 else x).round().to(dtype)


def _sides(change: int | None, before: int | None, after: int | None, what: str) -> tuple[int, int]:
    """What is taken off (or put on) before and after, from two of: the whole change, before, after."""
    if [before, after, change].count(None) != 1:
        raise errors.value_error(
            f"The two sides and the target {what}", expected="two of the three", received=(before, after, change)
        )
    before = (change or 0) - (after or 0) if before is None else before
    after = (change or 0) - before if after is None else after
    if before < 0 or after < 0:
        raise errors.value_error(
            f"The two sides and the target {what}", expected="sides >= 0", received=(before, after)
        )
    return before, after


@op("image", "images")
def crop_images(
    images: Tensor,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Cut rows and columns off images; two of (top, bottom, target height) and of (left, right, target width).

    Example:
        >>> tuple(crop_images(torch.zeros(5, 6, 3), 1, 2, target_height=3, target_width=2).shape)
        (3, 2, 3)
    """
    rows, cols = _space(check_images(images), data_format)
    height, width = images.shape[rows], images.shape[cols]
    fewer_rows = None if target_height is None else height - target_height
    fewer_cols = None if target_width is None else width - target_width
    top, bottom = _sides(fewer_rows, top_cropping, bottom_cropping, "height")
    left, right = _sides(fewer_cols, left_cropping, right_cropping, "width")
    return images.narrow(rows, top, height - top - bottom).narrow(cols, left, width - left - right)


@op("image", "images")
def pad_images(
    images: Tensor,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Put zeros around images; two of (top, bottom, target height) and of (left, right, target width).

    Example:
        >>> tuple(pad_images(torch.zeros(5, 6, 3), 1, 2, target_height=8, target_width=9).shape)
        (8, 9, 3)
    """
    rows, cols = _space(check_images(images), data_format)
    more_rows = None if target_height is None else target_height - images.shape[rows]
    more_cols = None if target_width is None else target_width - images.shape[cols]
    pads = [(0, 0)] * images.ndim
    pads[rows] = _sides(more_rows, top_padding, bottom_padding, "height")
    pads[cols] = _sides(more_cols, left_padding, right_padding, "width")
    return F.pad(images, torch_order(pads))


def _space(images: Tensor, data_format: Any) -> tuple[int, int]:
    last = config.standardize_data_format(data_format) == "channels_last"
    return (images.ndim - 3, images.ndim - 2) if last else (images.ndim - 2, images.ndim - 1)
