"""`Rescaling`: pixel values to the range a network likes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch import config
from kerastorch.base import registry, serialization
from kerastorch.layers.pointwise import Pointwise


@registry.register("layers")
class Rescaling(Pointwise):
    """`inputs * scale + offset`, as floats.

    Args:
        scale: A number, or one for each channel.
        offset: A number, or one for each channel.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept; integers become floats.

    Example:
        >>> Rescaling(1 / 255)(torch.tensor([0, 255], dtype=torch.uint8)).tolist()
        [0.0, 1.0]
    """

    _scale: Tensor
    _offset: Tensor

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = serialization.deserialize_keras_object(scale)
        self.offset = serialization.deserialize_keras_object(offset)
        self._factor = self._constant("_scale", self.scale)
        self._shift = self._constant("_offset", self.offset)

    def _follow(self, dtype: Any) -> None:
        super()._follow(dtype)
        self._dtype = self.dtype_policy.torch_compute_dtype

    def _constant(self, key: str, value: Any) -> Any:
        """A number as it is; several as a buffer, which moves with the layer and is in no `state_dict`."""
        if np.ndim(value) == 0:
            return float(value)
        tensor = torch.as_tensor(np.asarray(value)).to(self._dtype)
        if key == "_scale" and config.image_data_format() == "channels_first":
            tensor = tensor.reshape(*tensor.shape, *(1,) * (3 - tensor.ndim))
        self.register_buffer(key, tensor, persistent=False)
        return None

    def call(self, inputs: Tensor) -> Tensor:
        """The rescaled input."""
        scale = self._scale if self._factor is None else self._factor
        offset = self._offset if self._shift is None else self._shift
        return inputs.to(self._dtype) * scale + offset

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "scale": serialization.serialize_keras_object(self.scale),
            "offset": serialization.serialize_keras_object(self.offset),
        }
