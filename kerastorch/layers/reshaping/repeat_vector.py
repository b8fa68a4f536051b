"""`RepeatVector`: one vector as a sequence of equal steps."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.pointwise import Moving
from kerastorch.nn.spec import InputSpec


@registry.register("layers")
class RepeatVector(Moving):
    """Repeats each sample `n` times along a new dimension: a view.

    Args:
        n: How often.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, features)` -> `(batch, n, features)`.

    Raises:
        ValueError: `n` is no positive integer.

    Example:
        >>> import torch
        >>> RepeatVector(3)(torch.zeros(2, 4)).shape
        torch.Size([2, 3, 4])
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = arguments.positive_integer("`n` of RepeatVector", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Tensor) -> Tensor:
        """The repeated input."""
        return inputs.unsqueeze(1).expand(-1, self.n, -1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """`(batch, n, features)`."""
        return input_shape[0], self.n, input_shape[1]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "n": self.n}
