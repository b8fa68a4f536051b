"""What convolutions and pooling share: a window that moves over the spatial dimensions of an input.

A contiguous channels-last input, permuted, *is* torch's channels_last memory format: kernels take it and give it
without a copy. torch's 1D kernels have no such format, so that a channels-last sequence goes through the 2D kernels as
an image of height 1.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from kerastorch import config
from kerastorch.base import errors
from kerastorch.ops._padding import Pads, causal_padding, same_pads, torch_order

Sizes = tuple[int, ...]


def per_dimension(subject: str, value: Any, count: int, least: int = 1) -> Sizes:
    """An argument as one integer for each of `count` dimensions.

    Args:
        subject: What it is, for the error ("`strides` of Conv2D").
        value: One integer, or `count` of them.
        count: How many are needed.
        least: The smallest that is allowed.

    Raises:
        ValueError: It is neither, or one is too small.

    Example:
        >>> per_dimension("`strides` of Conv2D", 2, 2)
        (2, 2)
    """
    try:
        given = list(value) if hasattr(value, "__len__") else [value] * count
        sizes = tuple(operator.index(v) for v in given if not isinstance(v, bool))
    except TypeError:
        sizes = ()
    if len(sizes) != count or min(sizes, default=0) < least:
        many = f", or {count} of them" if count > 1 else ""
        raise errors.value_error(subject, expected=f"an integer >= {least}{many}", received=value)
    return sizes


def choice(subject: str, value: Any, allowed: Sequence[str]) -> str:
    """A word in lower case.

    Raises:
        ValueError: It is none of `allowed`.
    """
    if not isinstance(value, str) or value.lower() not in allowed:
        raise errors.value_error(subject, expected=" or ".join(map(repr, allowed)), received=value)
    return value.lower()


class Window:
    """The size, step and padding of a window, and the way of an input into torch's kernels and out.

    Args:
        owner: The layer's class name, for errors.
        rank: The number of spatial dimensions.
        size: The window's size, one integer or one a dimension.
        strides: Its step.
        padding: "valid", "same" or, for rank 1, "causal".
        data_format: "channels_last", "channels_first" or None for the default.
        dilation_rate: The spacing of its cells.
        causal: Whether "causal" padding is allowed.
        size_name: What the layer calls `size`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> Window("Conv2D", 2, 3, 2, "same", "channels_last").output_shape((None, 28, None, 1), 32)
        (None, 14, None, 32)
    """

    def __init__(
        self,
        owner: str,
        rank: int,
        size: Any,
        strides: Any,
        padding: Any,
        data_format: str | None,
        dilation_rate: Any = 1,
        causal: bool = False,
        size_name: str = "kernel_size",
    ) -> None:
        self.owner, self.rank = owner, rank
        self.size = per_dimension(f"`{size_name}` of {owner}", size, rank)
        self.strides = per_dimension(f"`strides` of {owner}", strides, rank)
        self.dilation_rate = per_dimension(f"`dilation_rate` of {owner}", dilation_rate, rank)
        words = ("valid", "same", "causal") if causal else ("valid", "same")
        self.padding = choice(f"`padding` of {owner}", padding, words)
        self.data_format = config.standardize_data_format(data_format)
        self.channels_last = self.data_format == "channels_last"
        self.as_image = rank == 1 and self.channels_last
        self.kernel_rank = 2 if self.as_image else rank
        self._in = (0, self.kernel_rank + 1, *range(1, self.kernel_rank + 1))
        self._out = (0, *range(2, self.kernel_rank + 2), 1)
        self._fixed = self._fixed_pads()
        self._even = self.even_pads()

    # -- arguments for torch's kernels --------------------------------------------------------------------------------

    @property
    def kernel_size(self) -> Sizes:
        """The size for the kernel."""
        return self.fill(self.size, 1)

    @property
    def kernel_strides(self) -> Sizes:
        """The step for the kernel."""
        return self.fill(self.strides, 1)

    @property
    def kernel_dilation(self) -> Sizes:
        """The spacing for the kernel."""
        return self.fill(self.dilation_rate, 1)

    def fill(self, sizes: Sequence[int], first: int) -> Sizes:
        """One number for each dimension that the kernel has."""
        return (first, *sizes) if self.as_image else tuple(sizes)

    # -- padding ------------------------------------------------------------------------------------------------------

    def _fixed_pads(self) -> Pads | None:
        """The padding, where it does not depend on the size of the input."""
        if self.padding == "valid":
            return [(0, 0)] * self.rank
        if self.padding == "causal":
            return [causal_padding(self.size[0], self.dilation_rate[0])]
        if max(self.strides) > 1:
            return None
        return same_pads(self.size, self.size, self.strides, self.dilation_rate)

    def even_pads(self) -> Sizes | None:
        """One number a dimension, where the padding is the same on both sides whatever the input's size."""
        if self._fixed is None or any(before != after for before, after in self._fixed):
            return None
        return self.fill([before for before, _ in self._fixed], 0)

    def pads(self, inputs: Tensor) -> Pads:
        """The padding before and after each spatial dimension."""
        if self._fixed is not None:
            return self._fixed
        space = inputs.shape[1:-1] if self.channels_last else inputs.shape[2:]
        return same_pads(space, self.size, self.strides, self.dilation_rate)

    def enter(self, inputs: Tensor) -> tuple[Tensor, Sizes]:
        """The input as torch's kernels take it, and the padding that is left to them: the same on both sides.

        Args:
            inputs: Shape (batch, *space, channels), or channels first.

        Returns:
            A view (batch, channels, *space), and one number a dimension. Only uneven padding is added here.
        """
        if self._even is not None:
            return self.first(inputs), self._even
        even, rest = [], []
        for before, after in self.pads(inputs):
            both = min(before, after)
            even.append(both)
            rest.append((before - both, after - both))
        if any(a or b for a, b in rest):
            flat = torch_order(rest)
            inputs = F.pad(inputs, [0, 0, *flat] if self.channels_last else flat)
        return self.first(inputs), self.fill(even, 0)

    def first(self, inputs: Tensor) -> Tensor:
        """A view with the channels behind the batch."""
        if not self.channels_last:
            return inputs
        return (inputs.unsqueeze(1) if self.as_image else inputs).permute(self._in)

    def leave(self, outputs: Tensor) -> Tensor:
        """A view with the channels where the layer's user has them."""
        if not self.channels_last:
            return outputs
        outputs = outputs.permute(self._out)
        return outputs.squeeze(1) if self.as_image else outputs

    # -- shapes -------------------------------------------------------------------------------------------------------

    def channels_of(self, shape: Sequence[int | None]) -> int | None:
        """The channels of an input shape."""
        return shape[-1] if self.channels_last else shape[1]

    def output_shape(self, input_shape: Sequence[int | None], channels: int | None) -> tuple[int | None, ...]:
        """The shape after the window has moved over an input.

        Args:
            input_shape: Batch included; None where unknown.
            channels: The channels of the output.

        Raises:
            ValueError: The window does not fit in.
        """
        space = input_shape[1:-1] if self.channels_last else input_shape[2:]
        windows = zip(space, self.size, self.strides, self.dilation_rate, strict=True)
        sizes = [self._output_size(n, *rest) for n, *rest in windows]
        return self.shape(input_shape[0], sizes, channels)

    def shape(self, batch: int | None, space: Sequence[int | None], channels: int | None) -> tuple[int | None, ...]:
        """A shape with the channels where the layer's user has them."""
        return (batch, *space, channels) if self.channels_last else (batch, channels, *space)

    def _output_size(self, size: int | None, window: int, stride: int, dilation: int) -> int | None:
        if size is None:
            return None
        if self.padding != "valid":
            return (size - 1) // stride + 1
        reach = (window - 1) * dilation + 1
        if size < reach:
            raise errors.value_error(
                f"Input of {self.owner}",
                expected=f"at least {reach} cells in every dimension that a window of {reach} moves over",
                received=errors.Said(f"a dimension of {size}"),
                remedy='Take a smaller window, pool less before, or use padding="same".',
            )
        return (size - reach) // stride + 1
