"""`RMSNormalization`, on torch's kernel."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.normalization.layer_normalization import AlongAxes


@registry.register("layers")
class RMSNormalization(AlongAxes):
    """`x / sqrt(mean(x ** 2) + epsilon) * scale` along some axes (Zhang and Sennrich, 2019, https://arxiv.org/abs/1910.07467).

    Args:
        axis: The axis or axes.
        epsilon: Added to the mean square.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        Any, kept; `weight` has the sizes along `axis`, as in `nn.RMSNorm`.

    Raises:
        TypeError: `axis` is no integer or list of integers.
        ValueError: `epsilon` is negative.

    Example:
        >>> import torch
        >>> RMSNormalization()(torch.tensor([[2.0, 2.0]])).round(decimals=2).tolist()
        [[1.0, 1.0]]
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_axes(axis)
        self.epsilon = arguments.not_negative("`epsilon` of RMSNormalization", epsilon)

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        self._resolve_axes(input_shape)
        self.weight = self.add_weight(shape=self.normalized_shape, initializer="ones", name="scale")

    @property
    def scale(self) -> Tensor:
        """The scale."""
        return self.weight

    def _normalize(self, inputs: Tensor) -> Tensor:
        if inputs.dtype is self.weight.dtype:
            return F.rms_norm(inputs, self.normalized_shape, self.weight, self.epsilon)
        outputs = F.rms_norm(inputs.to(self.weight.dtype), self.normalized_shape, self.weight, self.epsilon)
        return outputs.to(inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
