"""Shape and order of dimensions; nothing here computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch.base import errors
from kerastorch.ops._convert import numbers_of
from kerastorch.ops._padding import torch_order
from kerastorch.ops._symbolic import op
from kerastorch.ops.numpy.reductions import Axis, axes_of


@op("numpy", "x")
def reshape(x: Tensor, newshape: int | Sequence[int | None]) -> Tensor:
    """Give the same values another shape.

    Args:
        x: Any tensor.
        newshape: The shape; one dimension may be -1 (or None) and takes what is left.

    Returns:
        A view where possible.

    Example:
        >>> tuple(reshape([[1, 2], [3, 4]], (4,)).shape)
        (4,)
    """
    shape = (newshape,) if isinstance(newshape, (int, torch.SymInt)) else newshape
    return torch.reshape(x, tuple(-1 if d is None else d for d in shape))


@op("numpy", "x")
def ravel(x: Tensor) -> Tensor:
    """All values in one dimension."""
    return torch.ravel(x)


@op("numpy", "x")
def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """Put the dimensions in another order.

    Args:
        x: Any tensor.
        axes: Where each new dimension comes from; None reverses all.

    Returns:
        A view.

    Example:
        >>> tuple(transpose(torch.zeros(2, 3, 4), (2, 0, 1)).shape)
        (4, 2, 3)
    """
    return torch.permute(x, tuple(reversed(range(x.ndim))) if axes is None else tuple(axes))


@op("numpy", "x")
def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """Exchange two dimensions."""
    return torch.swapaxes(x, axis1, axis2)


@op("numpy", "x")
def moveaxis(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Move dimensions to other places; the others keep their order."""
    return torch.moveaxis(x, source, destination)  # type: ignore[arg-type]


@op("numpy", "x")
def expand_dims(x: Tensor, axis: int | list[int] | tuple[int, ...]) -> Tensor:
    """Insert dimensions of length 1.

    Args:
        x: Any tensor.
        axis: Where they are in the result: one place or several.

    Returns:
        A view.

    Example:
        >>> tuple(expand_dims([1, 2], -1).shape), tuple(expand_dims([1, 2], (0, 2)).shape)
        ((2, 1), (1, 2, 1))
    """
    if isinstance(axis, int):
        return torch.unsqueeze(x, axis)
    total = x.ndim + len(axis)
    for a in sorted(a % total for a in axis):
        x = torch.unsqueeze(x, a)
    return x


@op("numpy", "x")
def squeeze(x: Tensor, axis: Axis = None) -> Tensor:
    """Drop dimensions of length 1: all of them, or those named.

    Args:
        x: Any tensor.
        axis: One dimension or several, each of length 1.

    Returns:
        A view.

    Raises:
        ValueError: A named dimension is longer than 1.

    Example:
        >>> tuple(squeeze([[1, 2]], 0).shape)
        (2,)
    """
    if axis is None:
        return torch.squeeze(x)
    axes = axes_of(x, axis)
    for a in axes:
        if x.shape[a] != 1:
            raise errors.value_error("`axis` of squeeze", expected="a dimension of length 1", received=x)
    return torch.squeeze(x, axes)


@op("numpy", "x")
def broadcast_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Repeat values without a copy until the tensor has `shape`.

    Example:
        >>> tuple(broadcast_to([1, 2], (3, 2)).shape)
        (3, 2)
    """
    return torch.broadcast_to(x, tuple(shape))


@op("numpy", "x")
def flip(x: Tensor, axis: Axis = None) -> Tensor:
    """Turn the order of values along axes (all by default)."""
    return torch.flip(x, axes_of(x, axis))


@op("numpy", "x")
def fliplr(x: Tensor) -> Tensor:
    """Turn the order along the second dimension."""
    return torch.fliplr(x)


@op("numpy", "x")
def flipud(x: Tensor) -> Tensor:
    """Turn the order along the first dimension."""
    return torch.flipud(x)


@op("numpy", "array")
def rot90(array: Tensor, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turn a plane of the tensor `k` times by 90 degrees, from the first axis towards the second."""
    if array.ndim < 2:
        raise errors.value_error("`array` of rot90", expected="at least 2 dimensions", received=array)
    if len(axes) != 2 or len(set(axes_of(array, axes))) != 2:
        raise errors.value_error("`axes` of rot90", expected="two different axes", received=axes)
    return torch.rot90(array, k, tuple(axes))


@op("numpy", "x")
def roll(x: Tensor, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """Move values along axes; what leaves at one end comes in at the other. None rolls the flattened tensor."""
    return torch.roll(x, shift, dims=axis)  # type: ignore[arg-type]


@op("numpy", "x")
def tile(x: Tensor, repeats: int | Sequence[int]) -> Tensor:
    """Repeat the whole tensor side by side.

    Args:
        x: Any tensor.
        repeats: How often, for each dimension (the last ones, if fewer).

    Returns:
        A new tensor.

    Example:
        >>> tile([1, 2], 2)
        tensor([1, 2, 1, 2], dtype=torch.int32)
    """
    return torch.tile(x, (repeats,) if isinstance(repeats, int) else tuple(numbers_of(repeats)))


@op("numpy", "x")
def repeat(x: Tensor, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
    """Repeat every value, or every slice along an axis.

    Args:
        x: Any tensor.
        repeats: How often: one number, or one for each slice.
        axis: The axis; None flattens first.

    Returns:
        A new tensor.

    Example:
        >>> repeat([1, 2], 2)
        tensor([1, 1, 2, 2], dtype=torch.int32)
    """
    if axis is None:
        x, axis = x.flatten(), 0
    axis %= x.ndim
    counts = [repeats] if isinstance(repeats, int) else numbers_of(repeats)
    if len(counts) == 1:
        wide = x.unsqueeze(axis + 1).expand(*x.shape[: axis + 1], counts[0], *x.shape[axis + 1 :])
        return wide.flatten(axis, axis + 1)
    return torch.repeat_interleave(x, torch.tensor(counts, device=x.device), dim=axis, output_size=sum(counts))


@op("numpy", "x", call=("x", "constant_values"))
def pad(x: Tensor, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """Put values around a tensor.

    Args:
        x: Any tensor.
        pad_width: (before, after) for each dimension; one pair, or one number, for all.
        mode: "constant", "reflect" (the edge is not repeated) or "symmetric" (as Keras on torch: the edge is repeated).
        constant_values: What is put there with "constant" (default 0).

    Returns:
        A larger tensor.

    Raises:
        ValueError: The mode is unknown, or `constant_values` comes with another mode.

    Example:
        >>> pad([1, 2], ((1, 2),))
        tensor([0, 1, 2, 0, 0], dtype=torch.int32)
    """
    modes = {"constant": "constant", "reflect": "reflect", "symmetric": "replicate"}
    if mode not in modes:
        raise errors.unknown_name("mode of pad", mode, modes)
    if mode != "constant" and constant_values is not None:
        raise errors.value_error("`constant_values`", expected="None with this mode", received=constant_values)
    pads = _pairs(pad_width, x.ndim)
    if mode == "constant":
        return F.pad(x, torch_order(pads), value=constant_values or 0)
    while pads and pads[0] == (0, 0) and len(pads) > 1:
        pads = pads[1:]
    missing = max(len(pads) + 1 - x.ndim, 2 - x.ndim, 0)  # torch reflects the last dimensions of a batch only
    batched = x[(None,) * missing]
    values = batched if batched.is_floating_point() else batched.float()
    return F.pad(values, torch_order(pads), mode=modes[mode])[(0,) * missing].to(x.dtype)


def _pairs(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, int):
        return [(pad_width, pad_width)] * ndim
    widths = [(w, w) if isinstance(w, int) else tuple(w) for w in pad_width]
    if len(pad_width) == 2 and all(isinstance(w, int) for w in pad_width) and ndim != 2:
        widths = [tuple(pad_width)]
    widths = [(w[0], w[0]) if len(w) == 1 else (int(w[0]), int(w[1])) for w in widths]
    if len(widths) not in (1, ndim):
        raise errors.value_error("`pad_width`", expected=f"one pair for each of {ndim} dimensions", received=pad_width)
    return widths * (ndim if len(widths) == 1 else 1)


@op("numpy", "x")
def ndim(x: Tensor) -> int:
    """The number of dimensions."""
    return x.ndim


@op("numpy", "x")
def size(x: Tensor) -> Tensor:
    """The number of values, as an integer tensor."""
    return torch.as_tensor(x.numel(), device=x.device)
