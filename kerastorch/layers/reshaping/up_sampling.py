"""`UpSampling1D`, `UpSampling2D`, `UpSampling3D`."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch import config
from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.pointwise import Moving
from kerastorch.layers.window import choice, per_dimension
from kerastorch.nn.spec import InputSpec
from kerastorch.ops import image

INTERPOLATIONS = ("bicubic", "bilinear", "lanczos3", "lanczos5", "nearest")


class UpSampling(Moving):
    """The base of the three."""

    rank: int

    def _set_size(self, size: Any, data_format: str | None) -> None:
        self._sizes = per_dimension(f"`size` of {type(self).__name__}", size, self.rank)
        self.data_format = config.standardize_data_format(data_format)
        self._first = 1 if self.data_format == "channels_last" else 2
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def size(self) -> Any:
        """How often each cell is repeated along each dimension."""
        return self._sizes[0] if self.rank == 1 else self._sizes

    def call(self, inputs: Tensor) -> Tensor:
        """Every cell repeated: one copy."""
        repeated = inputs
        shape = list(inputs.shape)
        spread = list(inputs.shape)
        for dimension, size in reversed(list(enumerate(self._sizes, self._first))):
            repeated = repeated.unsqueeze(dimension + 1)
            spread.insert(dimension + 1, size)
            shape[dimension] *= size
        return repeated.expand(spread).reshape(shape)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape, `size` times as large in space."""
        shape = list(input_shape)
        for dimension, size in enumerate(self._sizes, self._first):
            shape[dimension] = None if shape[dimension] is None else shape[dimension] * size
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


@registry.register("layers")
class UpSampling1D(UpSampling):
    """Repeats every step of a sequence.

    Args:
        size: How often.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, steps * size, channels)`.

    Raises:
        ValueError: `size` is no positive integer.

    Example:
        >>> import torch
        >>> UpSampling1D(2)(torch.arange(2.0).reshape(1, 2, 1)).flatten().tolist()
        [0.0, 0.0, 1.0, 1.0]
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_size(arguments.positive_integer("`size` of UpSampling1D", size), "channels_last")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["data_format"]
        return config


@registry.register("layers")
class UpSampling2D(UpSampling):
    """Makes images larger.

    Args:
        size: How many times as large, one integer or one a dimension.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        interpolation: "nearest" repeats cells; "bilinear", "bicubic", "lanczos3", "lanczos5" go between them.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, height * size[0], width * size[1], channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> UpSampling2D((1, 2))(torch.arange(4.0).reshape(1, 2, 2, 1)).flatten().tolist()
        [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._set_size(size, data_format)
        self.interpolation = choice("`interpolation` of UpSampling2D", interpolation, INTERPOLATIONS)

    def call(self, inputs: Tensor) -> Tensor:
        """The larger images."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        height, width = inputs.shape[self._first : self._first + 2]
        size = (height * self._sizes[0], width * self._sizes[1])
        return image.resize(inputs, size, interpolation=self.interpolation, data_format=self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "interpolation": self.interpolation}


@registry.register("layers")
class UpSampling3D(UpSampling):
    """Repeats every cell of a volume.

    Args:
        size: How often, one integer or one a dimension.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, depth, height, width, channels)` -> `(batch, depth * size[0], height * size[1], ..., channels)`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> UpSampling3D(2)(torch.ones(1, 2, 3, 4, 1)).shape
        torch.Size([1, 4, 6, 8, 1])
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_size(size, data_format)
