"""`MaxPooling1D` to `3D`, `AveragePooling1D` to `3D`."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers.pointwise import Ready
from kerastorch.layers.window import Window
from kerastorch.nn.spec import InputSpec
from kerastorch.ops._padding import Pads, torch_order

_MAX: dict[int, Any] = {1: torch.max_pool1d, 2: torch.max_pool2d, 3: torch.max_pool3d}
_AVERAGE: dict[int, Any] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


class Pooling(Ready):
    """The base of all six."""

    rank: int
    _kernels: dict[int, Any]

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        owner, steps = type(self).__name__, pool_size if strides is None else strides
        self.window = Window(owner, self.rank, pool_size, steps, padding, data_format, size_name="pool_size")
        self._options = (self.window.kernel_size, self.window.kernel_strides)
        self._even = self.window.even_pads()
        self._pool = self._kernels[self.window.kernel_rank]
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def pool_size(self) -> tuple[int, ...]:
        """The window's size."""
        return self.window.size

    @property
    def strides(self) -> tuple[int, ...]:
        """The window's step."""
        return self.window.strides

    @property
    def padding(self) -> str:
        """ "valid" or "same"."""
        return self.window.padding

    @property
    def data_format(self) -> str:
        """ "channels_last" or "channels_first"."""
        return self.window.data_format

    def _enter(self, inputs: Tensor) -> tuple[Tensor, tuple[int, ...], bool]:
        """The input as torch's kernels take it, their even padding, and their `ceil_mode`."""
        window = self.window
        if self._even is not None:
            return window.first(inputs), self._even, False
        pads, x = window.pads(inputs), window.first(inputs)
        if all(before == after for before, after in pads):
            return x, window.fill([before for before, _ in pads], 0), False
        return self._uneven(x, pads)

    def _uneven(self, x: Tensor, pads: Pads) -> tuple[Tensor, tuple[int, ...], bool]:
        """Padding that differs on the two sides: the edge is repeated, as Keras on torch does it."""
        window = self.window
        flat = torch_order([(0, 0), *pads] if window.as_image else pads)
        return F.pad(x, flat, mode="replicate"), (0,) * window.kernel_rank, False

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The window's places, and the input's channels."""
        return self.window.output_shape(input_shape, self.window.channels_of(input_shape))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class MaxPooling(Pooling):
    """The base of the three that take the largest value."""

    _kernels = _MAX

    def call(self, inputs: Tensor) -> Tensor:
        """The largest value of each window."""
        x, pads, overhanging = self._enter(inputs)
        size, strides = self._options
        return self.window.leave(self._pool(x, size, strides, pads, 1, overhanging))

    def _uneven(self, x: Tensor, pads: Pads) -> tuple[Tensor, tuple[int, ...], bool]:
        """Windows that step over the end of the input need no padding there: torch's kernels leave out what is not."""
        if all(before == after or stride > 1 for (before, after), stride in zip(pads, self.strides, strict=True)):
            return x, self.window.fill([before for before, _ in pads], 0), True
        return super()._uneven(x, pads)


class AveragePooling(Pooling):
    """The base of the three that take the mean."""

    _kernels = _AVERAGE

    def call(self, inputs: Tensor) -> Tensor:
        """The mean of each window; even padding does not count."""
        x, pads, _ = self._enter(inputs)
        size, strides = self._options
        return self.window.leave(self._pool(x, size, strides, pads, False, False))


@registry.register("layers", "MaxPool1D")
class MaxPooling1D(MaxPooling):
    """The largest value of each window of a sequence, channel by channel.

    Args:
        pool_size: The window's size, one integer.
        strides: Its step; default `pool_size`.
        padding: "valid" (none) or "same" (there are ceil(size / strides) places).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        name: The layer's name.
        **kwargs: `dtype`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, new steps, channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> MaxPooling1D(2)(torch.arange(6.0).reshape(1, 6, 1)).flatten().tolist()
        [1.0, 3.0, 5.0]
    """

    rank = 1


@registry.register("layers", "MaxPool2D")
class MaxPooling2D(MaxPooling):
    """The largest value of each window of an image, channel by channel.

    Args:
        pool_size: The window's size, one integer or one a dimension.
        strides: Its step; default `pool_size`.
        padding: "valid" (none) or "same" (there are ceil(size / strides) places).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        name: The layer's name.
        **kwargs: `dtype`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, new height, new width, channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> MaxPooling2D(2)(torch.arange(16.0).reshape(1, 4, 4, 1)).flatten().tolist()
        [5.0, 7.0, 13.0, 15.0]
    """

    rank = 2


@registry.register("layers", "MaxPool3D")
class MaxPooling3D(MaxPooling):
    """The largest value of each window of a volume, channel by channel.

    Args:
        pool_size: The window's size, one integer or one a dimension.
        strides: Its step; default `pool_size`.
        padding: "valid" (none) or "same" (there are ceil(size / strides) places).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        name: The layer's name.
        **kwargs: `dtype`.

    Shapes:
        `(batch, depth, height, width, channels)` -> `(batch, new depth, new height, new width, channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> MaxPooling3D(2)(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).flatten().tolist()
        [7.0]
    """

    rank = 3


@registry.register("layers", "AvgPool1D")
class AveragePooling1D(AveragePooling):
    """The mean of each window of a sequence, channel by channel.

    Args:
        pool_size: The window's size, one integer.
        strides: Its step; default `pool_size`.
        padding: "valid" (none) or "same" (there are ceil(size / strides) places). Padding does not count; but
            where it is uneven the edge is repeated and does, as in Keras on torch.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        name: The layer's name.
        **kwargs: `dtype`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, new steps, channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> AveragePooling1D(2)(torch.arange(6.0).reshape(1, 6, 1)).flatten().tolist()
        [0.5, 2.5, 4.5]
    """

    rank = 1


@registry.register("layers", "AvgPool2D")
class AveragePooling2D(AveragePooling):
    """The mean of each window of an image, channel by channel.

    Args:
        pool_size: The window's size, one integer or one a dimension.
        strides: Its step; default `pool_size`.
        padding: "valid" (none) or "same" (there are ceil(size / strides) places). Padding does not count; but
            where it is uneven the edge is repeated and does, as in Keras on torch.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        name: The layer's name.
        **kwargs: `dtype`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, new height, new width, channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> AveragePooling2D(2)(torch.arange(16.0).reshape(1, 4, 4, 1)).flatten().tolist()
        [2.5, 4.5, 10.5, 12.5]
    """

    rank = 2


@registry.register("layers", "AvgPool3D")
class AveragePooling3D(AveragePooling):
    """The mean of each window of a volume, channel by channel.

    Args:
        pool_size: The window's size, one integer or one a dimension.
        strides: Its step; default `pool_size`.
        padding: "valid" (none) or "same" (there are ceil(size / strides) places). Padding does not count; but
            where it is uneven the edge is repeated and does, as in Keras on torch.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        name: The layer's name.
        **kwargs: `dtype`.

    Shapes:
        `(batch, depth, height, width, channels)` -> `(batch, new depth, new height, new width, channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> AveragePooling3D(2)(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).flatten().tolist()
        [3.5]
    """

    rank = 3
