"""`ZeroPadding1D`, `ZeroPadding2D`, `ZeroPadding3D`."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers.reshaping.borders import Borders, pairs
from kerastorch.ops._padding import torch_order


class ZeroPadding(Borders):
    """The base of the three."""

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settle(data_format)
        self._pairs = pairs(f"`padding` of {type(self).__name__}", padding, self.rank)
        flat = torch_order(list(self._pairs))
        self._flat = [0, 0, *flat] if self._first == 1 else flat

    @property
    def padding(self) -> Any:
        """Cells added (before, after) each dimension; one pair with rank 1."""
        return self._pairs[0] if self.rank == 1 else self._pairs

    def call(self, inputs: Tensor) -> Tensor:
        """The input with zeros around."""
        return F.pad(inputs, self._flat)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape, larger by the padding."""
        shape = list(input_shape)
        for axis, (before, after) in enumerate(self._pairs, self._first):
            shape[axis] = None if shape[axis] is None else shape[axis] + before + after
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


@registry.register("layers")
class ZeroPadding1D(ZeroPadding):
    """Puts zeros before and after a sequence.

    Args:
        padding: How many on both sides, or a pair (before, after).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, before + steps + after, channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> ZeroPadding1D((0, 2))(torch.ones(1, 2, 1)).flatten().tolist()
        [1.0, 1.0, 0.0, 0.0]
    """

    rank = 1


@registry.register("layers")
class ZeroPadding2D(ZeroPadding):
    """Puts zeros around an image.

    Args:
        padding: How many on all sides, one integer a dimension, or a pair (before, after) a dimension.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, larger height, larger width, channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> ZeroPadding2D(((0, 1), (2, 2)))(torch.ones(1, 3, 3, 1)).shape
        torch.Size([1, 4, 7, 1])
    """

    rank = 2


@registry.register("layers")
class ZeroPadding3D(ZeroPadding):
    """Puts zeros around a volume.

    Args:
        padding: How many on all sides, one integer a dimension, or a pair (before, after) a dimension.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, depth, height, width, channels)` -> `(batch, larger depth, larger height, larger width, channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> ZeroPadding3D(2)(torch.ones(1, 3, 3, 3, 1)).shape
        torch.Size([1, 7, 7, 7, 1])
    """

    rank = 3
