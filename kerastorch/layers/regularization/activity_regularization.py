"""`ActivityRegularization`: a penalty on what passes through."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.pointwise import Pointwise
from kerastorch.regularizers import L1L2


@registry.register("layers")
class ActivityRegularization(Pointwise):
    """Hands on its input and adds `l1 * sum(|x|) + l2 * sum(x ** 2)`, divided by the batch size, to the loss.

    Args:
        l1: The weight of the absolute values.
        l2: The weight of the squares.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept.

    Raises:
        ValueError: A weight is negative.

    Example:
        >>> import torch
        >>> layer = ActivityRegularization(l2=1.0)
        >>> _ = layer(torch.full((2, 1), 3.0))
        >>> float(layer.losses[0])
        9.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        arguments.not_negative("`l1` of ActivityRegularization", l1)
        arguments.not_negative("`l2` of ActivityRegularization", l2)
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2

    def call(self, inputs: Tensor) -> Tensor:
        """The input."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "l1": self.l1, "l2": self.l2}
