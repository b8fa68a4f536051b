"""Bases of layers whose output has a shape that follows from the input's, without weights."""

from __future__ import annotations

from typing import Any

from kerastorch.base import nested
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.layer import Layer


class Ready(Layer):
    """Base of layers without weights: they are built as soon as they are made, unless a subclass has a `build`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if type(self).build is Layer.build:
            self._finish_build()


class Pointwise(Ready):
    """Base of layers whose output has the shape of their input and which hand on its mask."""

    supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape


class Moving(Ready):
    """Base of layers that move or drop values: the output keeps the dtype of the input, integers too."""

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> Any:
        """Symbolic tensors of `compute_output_shape`'s shapes."""
        return nested.map_structure(self._spec, inputs)

    def _spec(self, tensor: KerasTensor) -> KerasTensor:
        dtype = self.compute_dtype if "float" in tensor.dtype and self.autocast else tensor.dtype
        return KerasTensor(self.compute_output_shape(tensor.shape), dtype=dtype)
