"""`Identity`: a place in a model where nothing happens."""

from __future__ import annotations

from typing import Any

from kerastorch.base import registry
from kerastorch.layers.pointwise import Moving, Pointwise


@registry.register("layers")
class Identity(Moving, Pointwise):
    """Returns its input (any structure of tensors).

    Args:
        **kwargs: `name`, `dtype`.

    Example:
        >>> import torch
        >>> Identity()(torch.ones(2)).tolist()
        [1.0, 1.0]
    """

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs
