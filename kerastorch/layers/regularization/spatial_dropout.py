"""`SpatialDropout1D`, `2D`, `3D`: whole channels are dropped."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch import config, random
from kerastorch.base import registry
from kerastorch.layers.regularization.dropout import Dropout
from kerastorch.nn.spec import InputSpec


class SpatialDropout(Dropout):
    """Base of the three: one decision for each sample and channel."""

    _rank: int
    _channels = -1

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.input_spec = InputSpec(ndim=self._rank + 2)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The input, in training mode without some of its channels."""
        if not (self.training if training is None else training):
            return inputs
        shape: list[int | None] = [None, *(1,) * (self._rank + 1)]
        shape[self._channels] = None
        return random.dropout(inputs, self.rate, shape, self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype}


class _WithDataFormat(SpatialDropout):
    """Base of those for images and volumes."""

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self._channels = 1 if self.data_format == "channels_first" else -1

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format}


@registry.register("layers")
class SpatialDropout1D(SpatialDropout):
    """While training drops whole channels of sequences (Tompson et al., 2014, https://arxiv.org/abs/1411.4280).

    Args:
        rate: The probability, from 0 to 1.
        seed: An integer for numbers of its own.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, steps, channels)`, kept.

    Raises:
        ValueError: `rate` is outside [0, 1].

    Example:
        >>> import torch
        >>> SpatialDropout1D(0.5)(torch.ones(1, 2, 3)).shape
        torch.Size([1, 2, 3])
    """

    _rank = 1


@registry.register("layers")
class SpatialDropout2D(_WithDataFormat):
    """While training drops whole channels of images (Tompson et al., 2014, https://arxiv.org/abs/1411.4280).

    Args:
        rate: The probability, from 0 to 1.
        data_format: "channels_last" or "channels_first"; default `image_data_format()`.
        seed: An integer for numbers of its own.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, height, width, channels)`, kept.

    Raises:
        ValueError: `rate` is outside [0, 1].

    Example:
        >>> import torch
        >>> SpatialDropout2D(0.5)(torch.ones(1, 2, 2, 3)).shape
        torch.Size([1, 2, 2, 3])
    """

    _rank = 2


@registry.register("layers")
class SpatialDropout3D(_WithDataFormat):
    """While training drops whole channels of volumes (Tompson et al., 2014, https://arxiv.org/abs/1411.4280).

    Args:
        rate: The probability, from 0 to 1.
        data_format: "channels_last" or "channels_first"; default `image_data_format()`.
        seed: An integer for numbers of its own.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, depth, height, width, channels)`, kept.

    Raises:
        ValueError: `rate` is outside [0, 1].

    Example:
        >>> import torch
        >>> SpatialDropout3D(0.5)(torch.ones(1, 2, 2, 2, 3)).shape
        torch.Size([1, 2, 2, 2, 3])
    """

    _rank = 3
