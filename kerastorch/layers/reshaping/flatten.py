"""`Flatten`: one row of numbers a sample."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from kerastorch import config
from kerastorch.base import registry
from kerastorch.layers.pointwise import Moving
from kerastorch.nn.spec import InputSpec


@registry.register("layers")
class Flatten(Moving):
    """Lays the dimensions of each sample end to end: a view, where memory allows.

    Args:
        data_format: "channels_last" keeps the order of memory; "channels_first" puts the channels last first, so that
            the order is the same as that of channels_last data.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, a, b, ...)` -> `(batch, a * b * ...)`; `(batch,)` -> `(batch, 1)`.

    Example:
        >>> import torch
        >>> Flatten()(torch.zeros(2, 3, 4)).shape
        torch.Size([2, 12])
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)
        self._channels_first = self.data_format == "channels_first"

    def call(self, inputs: Tensor) -> Tensor:
        """The input with two dimensions."""
        if self._channels_first and inputs.ndim > 1:
            inputs = inputs.movedim(1, -1)
        return inputs.flatten(1) if inputs.ndim > 1 else inputs.unsqueeze(-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int | None]:
        """`(batch, product of the rest)`."""
        rest = input_shape[1:]
        return input_shape[0], None if None in rest else math.prod(rest)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format}
