"""Patches of images and volumes as vectors."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional as F

from kerastorch import config
from kerastorch.base import errors
from kerastorch.ops._padding import same_pads, torch_order
from kerastorch.ops._symbolic import op
from kerastorch.ops.nn.convolution import check_padding, per_dimension

Size = int | Sequence[int]


@op("image", "images")
def extract_patches(
    images: Tensor,
    size: Size,
    strides: Size | None = None,
    dilation_rate: Size = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Every window of images as a vector (rows first, then columns, then channels).

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels), or channels first. With three
            numbers in `size`, volumes with one dimension more.
        size: The window: one number or (height, width).
        strides: The window's step; default the window.
        dilation_rate: The spacing of the window's cells.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.

    Returns:
        Shape (batch, rows, columns, height * width * channels), or channels first.

    Example:
        >>> import torch
        >>> tuple(extract_patches(torch.zeros(2, 6, 6, 3), 2).shape)
        (2, 3, 3, 12)
    """
    dims = 3 if not isinstance(size, int) and len(size) == 3 else 2
    return _extract(images, size, strides or None, dilation_rate, padding, data_format, dims)


@op("image", "volumes", keras="ExtractPatches")
def extract_patches_3d(
    volumes: Tensor,
    size: Size,
    strides: Size | None = None,
    dilation_rate: Size = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Every window of volumes (depth, height, width) as a vector; arguments as in `extract_patches`."""
    return _extract(volumes, size, strides or None, dilation_rate, padding, data_format, 3)


def _extract(
    x: Tensor, size: Size, strides: Size | None, dilation: Size, padding: str, data_format: str | None, dims: int
) -> Tensor:
    window = per_dimension(size, dims, "size")
    steps = window if strides is None else per_dimension(strides, dims, "strides")
    spacing = per_dimension(dilation, dims, "dilation_rate")
    if x.ndim not in (dims + 1, dims + 2):
        raise errors.value_error("`images`", expected=f"{dims + 1} or {dims + 2} dimensions", received=x)
    last = config.standardize_data_format(data_format) == "channels_last"
    batch = x if x.ndim == dims + 2 else x[None]
    batch = batch if last else batch.movedim(1, -1)
    if check_padding(padding) == "same":
        pads = same_pads(batch.shape[1:-1], window, steps, spacing)
        batch = F.pad(batch, [0, 0, *torch_order(pads)])
    for i in range(dims):
        batch = batch.unfold(i + 1, (window[i] - 1) * spacing[i] + 1, steps[i])[..., :: spacing[i]]
    vectors = batch.movedim(dims + 1, -1).flatten(dims + 1)
    vectors = vectors if last else vectors.movedim(-1, 1)
    return vectors if x.ndim == dims + 2 else vectors[0]
