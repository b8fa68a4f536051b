"""`UnitNormalization`: every sample to length 1."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.pointwise import Pointwise


@registry.register("layers")
class UnitNormalization(Pointwise):
    """Divides by the Euclidean length along some axes.

    Args:
        axis: The axis or axes.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept.

    Raises:
        TypeError: `axis` is no integer or list of integers.

    Example:
        >>> UnitNormalization()(torch.tensor([[3.0, 4.0]])).tolist()
        [[0.6000000238418579, 0.800000011920929]]
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = arguments.axes("`axis` of UnitNormalization", axis)

    def call(self, inputs: Tensor) -> Tensor:
        """The input with length 1; all-zero input stays zero."""
        square = inputs.square().sum(self.axis, keepdim=True)
        return inputs * torch.rsqrt(square).clamp_max(1e12)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        arguments.check_axes(self.name, self.axis, input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
