"""Colour spaces."""

from __future__ import annotations

import torch
from torch import Tensor

from kerastorch import config
from kerastorch.base import errors
from kerastorch.ops._symbolic import op
from kerastorch.ops.image.resize import check_images


def _channel_axis(images: Tensor, data_format: str | None, channels: tuple[int, ...], floats: bool) -> int:
    axis = -1 if config.standardize_data_format(data_format) == "channels_last" else -3
    if check_images(images).shape[axis] not in channels:
        raise errors.value_error("Channels of `images`", expected=" or ".join(map(str, channels)), received=images)
    if floats and not images.is_floating_point():
        raise errors.value_error("`images`", expected="floats", received=images, remedy="Divide by 255 first.")
    return axis


@op("image", "images", keras="RGBToGrayscale")
def rgb_to_grayscale(images: Tensor, data_format: str | None = None) -> Tensor:
    """Brightness `0.2989 R + 0.587 G + 0.114 B` (ITU-R 601) as images of one channel.

    Example:
        >>> rgb_to_grayscale(torch.ones(1, 1, 3)).flatten()
        tensor([0.9999])
    """
    axis = _channel_axis(images, data_format, (1, 3), floats=False)
    if images.shape[axis] == 1:
        return images.clone()
    red, green, blue = images.unbind(axis)
    return (0.2989 * red + 0.587 * green + 0.114 * blue).to(images.dtype).unsqueeze(axis)


@op("image", "images", keras="RGBToHSV")
def rgb_to_hsv(images: Tensor, data_format: str | None = None) -> Tensor:
    """Red, green and blue in [0, 1] as hue (a fraction of the circle), saturation and value.

    Example:
        >>> rgb_to_hsv(torch.tensor([[[0.0, 1.0, 0.0]]])).flatten()
        tensor([0.3333, 1.0000, 1.0000])
    """
    axis = _channel_axis(images, data_format, (3,), floats=True)
    images = torch.where(torch.abs(images) < torch.finfo(images.dtype).eps, 0, images)
    red, green, blue = images.unbind(axis)
    value = torch.maximum(torch.maximum(red, green), blue)
    spread = value - torch.minimum(torch.minimum(red, green), blue)
    saturation = torch.where(value > 0, spread / torch.where(value > 0, value, 1), 0)
    sixth = 1 / (6 * torch.where(spread > 0, spread, 1))
    hue = torch.where(value == green, sixth * (blue - red) + 2 / 6, sixth * (red - green) + 4 / 6)
    hue = torch.where(value == red, sixth * (green - blue), hue)
    hue = torch.where(spread > 0, hue, 0) + (hue < 0).to(hue.dtype)
    return torch.stack((hue, saturation, value), dim=axis)


@op("image", "images", keras="HSVToRGB")
def hsv_to_rgb(images: Tensor, data_format: str | None = None) -> Tensor:
    """The reverse of `rgb_to_hsv`.

    Example:
        >>> hsv_to_rgb(torch.tensor([[[1 / 3, 1.0, 1.0]]])).flatten().round()
        tensor([0., 1., 0.])
    """
    axis = _channel_axis(images, data_format, (3,), floats=True)
    hue, saturation, value = images.unbind(axis)
    turn = torch.remainder(hue, 1) * 6
    red = torch.clamp(torch.abs(turn - 3) - 1, 0, 1)
    green = torch.clamp(2 - torch.abs(turn - 2), 0, 1)
    blue = torch.clamp(2 - torch.abs(turn - 4), 0, 1)
    return torch.stack([value * (1 - saturation + saturation * c) for c in (red, green, blue)], dim=axis)
