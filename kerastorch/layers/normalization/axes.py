"""Looking at any axis as torch's channel dimension, without copies."""

from __future__ import annotations

from torch import Tensor


class ChannelsSecond:
    """The view that puts an axis second, where torch's kernels have the channels, and the view back.

    A contiguous channels-last tensor becomes torch's channels_last memory format, for which the kernels need no copy;
    sequences become images of height 1 for that, because the format has four or five dimensions.

    Args:
        axis: The channels' axis.
        rank: The number of dimensions.

    Example:
        >>> import torch
        >>> view = ChannelsSecond(-1, 3)
        >>> x = torch.zeros(2, 5, 7)
        >>> view.forward(x).shape, view.back(view.forward(x)).shape
        (torch.Size([2, 7, 1, 5]), torch.Size([2, 5, 7]))
    """

    def __init__(self, axis: int, rank: int) -> None:
        axis %= rank
        self.adds_dimension = rank == 3 and axis == 2
        if self.adds_dimension:
            axis, rank = 3, 4
        order = list(range(rank))
        order.insert(1, order.pop(axis))
        self._order = order
        self._back = sorted(range(rank), key=order.__getitem__)

    def forward(self, x: Tensor) -> Tensor:
        """`x` with the axis second."""
        return (x.unsqueeze(1) if self.adds_dimension else x).permute(self._order)

    def back(self, x: Tensor) -> Tensor:
        """The inverse of `forward`."""
        x = x.permute(self._back)
        return x.squeeze(1) if self.adds_dimension else x


def channels_second(axis: int, rank: int) -> ChannelsSecond | None:
    """The view, or None where the axis is second already."""
    return None if axis % rank == 1 else ChannelsSecond(axis, rank)
