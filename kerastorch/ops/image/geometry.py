"""Sampling at coordinates: affine, perspective and elastic transforms."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch import config
from kerastorch.base import errors
from kerastorch.ops._convert import as_float, is_integral
from kerastorch.ops._symbolic import op
from kerastorch.ops.image.filters import gaussian_blur
from kerastorch.ops.image.resize import check_images
from kerastorch.random import torch_generator

_ORDERS = {"nearest": 0, "bilinear": 1}


def _mirrored(index: Tensor, size: int) -> Tensor:
    last = size - 1
    return torch.abs((index + last) % (2 * last) - last) if last else torch.zeros_like(index)


# Where an index outside of an axis is read instead.
_INSIDE: dict[str, Callable[[Tensor, int], Tensor]] = {
    "constant": lambda index, size: torch.clamp(index, 0, size - 1),
    "nearest": lambda index, size: torch.clamp(index, 0, size - 1),
    "wrap": lambda index, size: index % size,
    "mirror": _mirrored,
    "reflect": lambda index, size: torch.floor_divide(_mirrored(2 * index + 1, 2 * size + 1) - 1, 2),
}


def _neighbours(coordinate: Tensor, order: int) -> list[tuple[Tensor, Any]]:
    """The cells next to a coordinate along one axis, with their weights."""
    if order == 0:
        return [((coordinate if is_integral(coordinate) else torch.round(coordinate)).long(), 1)]
    lower = torch.floor(coordinate)
    share = coordinate - lower
    return [(lower.long(), 1 - share), (lower.long() + 1, share)]


def sample(x: Tensor, coordinates: Sequence[Tensor], order: int, fill_mode: str, fill_value: Any) -> Tensor:
    """`x` at fractional coordinates, one tensor of them for each dimension of `x`."""
    if fill_mode not in _INSIDE:
        raise errors.unknown_name("fill_mode", fill_mode, _INSIDE)
    if order not in (0, 1):
        raise errors.value_error("`order`", expected="0 (nearest) or 1 (linear)", received=order)
    if len(coordinates) != x.ndim:
        raise errors.value_error(
            "`coordinates`", expected=f"one for each of {x.ndim} dimensions", received=len(coordinates)
        )
    axes = [_neighbours(c, order) for c in coordinates]
    total: Any = 0
    for corner in itertools.product(*axes):
        index = tuple(_INSIDE[fill_mode](i, n) for (i, _), n in zip(corner, x.shape, strict=True))
        part = x[index]
        if fill_mode == "constant":
            inside = [(i >= 0) & (i < n) for (i, _), n in zip(corner, x.shape, strict=True)]
            valid = functools.reduce(torch.logical_and, inside)
            part = torch.where(valid, part, int(fill_value) if is_integral(x) else fill_value)
        for _, weight in corner:
            part = part * weight
        total = total + part
    if is_integral(x) and not is_integral(total):
        total = torch.round(total)
    return total.to(x.dtype)  # type: ignore[no-any-return]


@op("image", "inputs", "coordinates")
def map_coordinates(
    inputs: Tensor, coordinates: Tensor, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Tensor:
    """The values of a tensor at fractional coordinates.

    Args:
        inputs: A tensor of n dimensions.
        coordinates: Shape (n, ...).
        order: 0 takes the nearest value, 1 interpolates linearly.
        fill_mode: What lies outside: "constant", "nearest", "wrap", "mirror" or "reflect".
        fill_value: The value outside with "constant".

    Returns:
        A tensor of the shape of `coordinates[0]`.

    Example:
        >>> map_coordinates([0.0, 10.0], [[0.25]], order=1)
        tensor([2.5000])
    """
    return sample(inputs, tuple(coordinates), order, fill_mode, fill_value)


def _order(interpolation: str) -> int:
    if interpolation not in _ORDERS:
        raise errors.unknown_name("interpolation", interpolation, _ORDERS)
    return _ORDERS[interpolation]


def _sample_images(images: Tensor, rows: Tensor, cols: Tensor, order: int, mode: str, fill: Any) -> Tensor:
    """Images (batch, height, width, channels) at coordinates of shape (batch, height, width)."""
    sampled = [
        sample(channel, (row, col), order, mode, fill)
        for image, row, col in zip(images, rows, cols, strict=True)
        for channel in image.unbind(-1)
    ]
    return torch.stack(sampled).reshape(len(images), images.shape[-1], *rows.shape[1:]).movedim(1, -1)


def _grid(batch: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    rows = torch.arange(batch.shape[1], dtype=dtype, device=batch.device)
    cols = torch.arange(batch.shape[2], dtype=dtype, device=batch.device)
    return torch.meshgrid(rows, cols, indexing="ij")  # type: ignore[return-value]


@op("image", "images", "transform")
def affine_transform(
    images: Tensor,
    transform: Tensor,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Move, turn, scale and shear images.

    Args:
        images: One image or a batch.
        transform: Eight numbers a0 to b2 and c0, c1 (which count as 0), for all images or each: the output cell (x, y)
            is read at (a0 x + a1 y + a2, b0 x + b1 y + b2).
        interpolation: "bilinear" or "nearest".
        fill_mode: What lies outside: "constant", "nearest", "wrap", "mirror" or "reflect".
        fill_value: The value outside with "constant".
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.

    Returns:
        Images of the same shape.
    """
    batch, restore = _as_batch(images, data_format)
    t = transform[None] if transform.ndim == 1 else transform
    t = t.expand(len(batch), 8)[:, :, None, None]
    y, x = _grid(batch, transform.dtype)
    rows, cols = t[:, 3] * x + t[:, 4] * y + t[:, 5], t[:, 0] * x + t[:, 1] * y + t[:, 2]
    return restore(_sample_images(batch, rows, cols, _order(interpolation), fill_mode, fill_value))


@op("image", "images", "start_points", "end_points")
def perspective_transform(
    images: Tensor,
    start_points: Tensor,
    end_points: Tensor,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Map four points (x, y) of each image to four others, straight lines staying straight.

    Args:
        images: One image or a batch.
        start_points: Shape (4, 2) or (batch, 4, 2): where the points are.
        end_points: Likewise: where they go.
        interpolation: "bilinear" or "nearest".
        fill_value: The value outside.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.

    Returns:
        Images of the same shape.
    """
    batch, restore = _as_batch(images, data_format)
    for name, points in (("start_points", start_points), ("end_points", end_points)):
        if points.ndim not in (2, 3) or points.shape[-2:] != (4, 2):
            raise errors.value_error(f"`{name}`", expected="shape (4, 2) or (batch, 4, 2)", received=points)
    h = _homography(start_points.reshape(-1, 4, 2).to(batch.dtype), end_points.reshape(-1, 4, 2).to(batch.dtype))
    h = h.expand(len(batch), 8)[:, :, None, None]
    y, x = _grid(batch, batch.dtype)
    depth = h[:, 6] * x + h[:, 7] * y + 1
    cols, rows = (h[:, 0] * x + h[:, 1] * y + h[:, 2]) / depth, (h[:, 3] * x + h[:, 4] * y + h[:, 5]) / depth
    return restore(_sample_images(batch, rows, cols, _order(interpolation), "constant", fill_value))


def _homography(start: Tensor, end: Tensor) -> Tensor:
    """The eight numbers of the map from end points to start points: two equations for each of four points."""
    x, y = end.unbind(-1)
    u, v = start.unbind(-1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    for_u = torch.stack((x, y, one, zero, zero, zero, -u * x, -u * y), dim=-1)
    for_v = torch.stack((zero, zero, zero, x, y, one, -v * x, -v * y), dim=-1)
    return torch.linalg.solve(torch.cat((for_u, for_v), dim=1), torch.cat((u, v), dim=1))


@op("image", "images")
def elastic_transform(
    images: Tensor,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Tensor:
    """Shift every cell of the images by a smooth random field.

    The shifts are normal numbers of standard deviation `sigma`, blurred by a Gaussian of `sigma` cells, times `alpha`.

    Args:
        images: One image or a batch.
        alpha: How far cells move.
        sigma: How smooth the field is.
        interpolation: "bilinear" or "nearest".
        fill_mode: What lies outside: "constant", "nearest", "wrap", "mirror" or "reflect".
        fill_value: The value outside with "constant".
        seed: An integer, a `SeedGenerator`, or None for torch's global generator (Keras on torch takes always that).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.

    Returns:
        Images of the same shape.

    Example:
        >>> elastic_transform(torch.ones(1, 8, 8, 3), seed=1).shape
        torch.Size([1, 8, 8, 3])
    """
    batch, restore = _as_batch(images, data_format)
    order = _order(interpolation)
    like = as_float(batch[..., 0])
    generator = torch_generator(seed, batch.device)
    y, x = _grid(batch, like.dtype)
    cols = x + alpha * _smooth(like, float(sigma), generator)
    rows = y + alpha * _smooth(like, float(sigma), generator)
    return restore(_sample_images(batch, rows, cols, order, fill_mode, fill_value))


def _smooth(like: Tensor, sigma: float, generator: torch.Generator | None) -> Tensor:
    """A random field of the shape (batch, height, width) of `like`."""
    size = int(6 * sigma) | 1
    noise = torch.empty_like(like, memory_format=torch.contiguous_format).normal_(generator=generator) * sigma
    return gaussian_blur.raw(noise[:, None], (size, size), (sigma, sigma), "channels_first")[:, 0]


def _as_batch(images: Tensor, data_format: str | None) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """The images as a channels-last batch, and the way back."""
    last = config.standardize_data_format(data_format) == "channels_last"
    batch = images if check_images(images).ndim == 4 else images[None]

    def restore(x: Tensor) -> Tensor:
        x = x if last else x.movedim(-1, 1)
        return x if images.ndim == 4 else x[0]

    return batch if last else batch.movedim(1, -1), restore
