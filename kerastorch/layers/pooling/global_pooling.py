"""`GlobalMaxPooling1D` to `3D`, `GlobalAveragePooling1D` to `3D`."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch import config
from kerastorch.base import registry
from kerastorch.layers.pointwise import Ready
from kerastorch.nn.spec import InputSpec


class GlobalPooling(Ready):
    """The base of all six."""

    rank: int

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.keepdims = keepdims
        first = 1 if self.data_format == "channels_last" else 2
        self._space = tuple(range(first, first + self.rank))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The batch and the channels, with ones between them if dimensions are kept."""
        kept = enumerate(input_shape)
        if self.keepdims:
            return tuple(1 if axis in self._space else size for axis, size in kept)
        return tuple(size for axis, size in kept if axis not in self._space)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class GlobalMaxPooling(GlobalPooling):
    """The base of the three that take the largest value."""

    def call(self, inputs: Tensor) -> Tensor:
        """The largest value of each channel."""
        return inputs.amax(self._space, self.keepdims)


class GlobalAveragePooling(GlobalPooling):
    """The base of those that take the mean."""

    def call(self, inputs: Tensor) -> Tensor:
        """The mean of each channel."""
        return inputs.mean(self._space, self.keepdims)


@registry.register("layers", "GlobalMaxPool1D")
class GlobalMaxPooling1D(GlobalMaxPooling):
    """The largest value of a sequence, channel by channel.

    Args:
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        keepdims: Whether the dimensions stay, with size 1.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, channels)`.

    Example:
        >>> import torch
        >>> GlobalMaxPooling1D()(torch.arange(6.0).reshape(1, 6, 1)).tolist()
        [[5.0]]
    """

    rank = 1


@registry.register("layers", "GlobalMaxPool2D")
class GlobalMaxPooling2D(GlobalMaxPooling):
    """The largest value of an image, channel by channel.

    Args:
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        keepdims: Whether the dimensions stay, with size 1.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, channels)`.

    Example:
        >>> import torch
        >>> GlobalMaxPooling2D()(torch.arange(16.0).reshape(1, 4, 4, 1)).tolist()
        [[15.0]]
    """

    rank = 2


@registry.register("layers", "GlobalMaxPool3D")
class GlobalMaxPooling3D(GlobalMaxPooling):
    """The largest value of a volume, channel by channel.

    Args:
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        keepdims: Whether the dimensions stay, with size 1.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, depth, height, width, channels)` -> `(batch, channels)`.

    Example:
        >>> import torch
        >>> GlobalMaxPooling3D()(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).tolist()
        [[7.0]]
    """

    rank = 3


@registry.register("layers", "GlobalAvgPool1D")
class GlobalAveragePooling1D(GlobalAveragePooling):
    """The mean of a sequence, channel by channel. Steps that a mask leaves out do not count.

    Args:
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        keepdims: Whether the dimensions stay, with size 1.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, channels)`.

    Example:
        >>> import torch
        >>> GlobalAveragePooling1D()(torch.arange(6.0).reshape(1, 6, 1)).tolist()
        [[2.5]]
    """

    rank = 1

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """The mean of each channel over the steps that count."""
        if mask is None:
            return inputs.mean(self._space, self.keepdims)
        counted = mask.bool().unsqueeze(2 if self.data_format == "channels_last" else 1)
        total = inputs.masked_fill(~counted, 0).sum(self._space, self.keepdims)
        return total / counted.to(inputs.dtype).sum(self._space, self.keepdims)


@registry.register("layers", "GlobalAvgPool2D")
class GlobalAveragePooling2D(GlobalAveragePooling):
    """The mean of an image, channel by channel.

    Args:
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        keepdims: Whether the dimensions stay, with size 1.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, channels)`.

    Example:
        >>> import torch
        >>> GlobalAveragePooling2D()(torch.arange(16.0).reshape(1, 4, 4, 1)).tolist()
        [[7.5]]
    """

    rank = 2


@registry.register("layers", "GlobalAvgPool3D")
class GlobalAveragePooling3D(GlobalAveragePooling):
    """The mean of a volume, channel by channel.

    Args:
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        keepdims: Whether the dimensions stay, with size 1.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, depth, height, width, channels)` -> `(batch, channels)`.

    Example:
        >>> import torch
        >>> GlobalAveragePooling3D()(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).tolist()
        [[3.5]]
    """

    rank = 3
