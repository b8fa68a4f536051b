"""`Cropping1D`, `Cropping2D`, `Cropping3D`."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.layers.reshaping.borders import Borders, pairs


class Cropping(Borders):
    """The base of the three."""

    def _set_cropping(self, cropping: Any, data_format: str | None) -> None:
        self._settle(data_format)
        self._pairs = pairs(f"`cropping` of {type(self).__name__}", cropping, self.rank)
        kept = (slice(before, -after if after else None) for before, after in self._pairs)
        self._kept = (*(slice(None),) * self._first, *kept)

    @property
    def cropping(self) -> Any:
        """Cells taken off (before, after) each dimension; one pair with rank 1."""
        return self._pairs[0] if self.rank == 1 else self._pairs

    def call(self, inputs: Tensor) -> Tensor:
        """The input without its borders: a view."""
        self.compute_output_shape(inputs.shape)
        return inputs[self._kept]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape, smaller by the cropping."""
        shape = list(input_shape)
        for axis, (before, after) in enumerate(self._pairs, self._first):
            if shape[axis] is None:
                continue
            if shape[axis] <= before + after:
                raise errors.value_error(
                    f"Input of layer {self.name!r}",
                    expected=f"more than {before + after} cells in dimension {axis}, which are cropped",
                    received=errors.Said(f"shape {tuple(input_shape)}"),
                    remedy="Crop less.",
                )
            shape[axis] -= before + after
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "cropping": self.cropping, "data_format": self.data_format}


@registry.register("layers")
class Cropping1D(Cropping):
    """Takes steps off both ends of a sequence.

    Args:
        cropping: How many on both sides, or a pair (before, after).
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, fewer steps, channels)`.

    Raises:
        ValueError: An argument is out of its range, or nothing would be left.

    Example:
        >>> import torch
        >>> Cropping1D((1, 0))(torch.arange(3.0).reshape(1, 3, 1)).flatten().tolist()
        [1.0, 2.0]
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_cropping(cropping, "channels_last")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["data_format"]
        return config


@registry.register("layers")
class Cropping2D(Cropping):
    """Takes borders off an image.

    Args:
        cropping: How many cells on all sides, one integer a dimension, or a pair (before, after) a dimension.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, smaller height, smaller width, channels)`.

    Raises:
        ValueError: An argument is out of its range, or nothing would be left.

    Example:
        >>> import torch
        >>> Cropping2D(((1, 0), (2, 2)))(torch.ones(1, 6, 6, 1)).shape
        torch.Size([1, 5, 2, 1])
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_cropping(cropping, data_format)


@registry.register("layers")
class Cropping3D(Cropping):
    """Takes borders off a volume.

    Args:
        cropping: How many cells on all sides, one integer a dimension, or a pair (before, after) a dimension.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, depth, height, width, channels)` -> `(batch, smaller depth, smaller height, smaller width, channels)`.

    Raises:
        ValueError: An argument is out of its range, or nothing would be left.

    Example:
        >>> import torch
        >>> Cropping3D(1)(torch.ones(1, 4, 5, 6, 1)).shape
        torch.Size([1, 2, 3, 4, 1])
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_cropping(cropping, data_format)
