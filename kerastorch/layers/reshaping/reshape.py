"""`Reshape`: the same numbers of a sample in another shape."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.layers.pointwise import Moving


@registry.register("layers")
class Reshape(Moving):
    """Gives each sample another shape.

    Args:
        target_shape: The shape of a sample; one dimension may be -1 and is found out.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, ...)` -> `(batch, *target_shape)`.

    Raises:
        ValueError: `target_shape` is no shape, or does not hold as many numbers as the input.

    Example:
        >>> import torch
        >>> Reshape((2, -1))(torch.zeros(5, 6)).shape
        torch.Size([5, 2, 3])
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = _checked(target_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """The input in its new shape."""
        return inputs.reshape(inputs.shape[0], *self.target_shape)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """`(batch, *target_shape)`, -1 resolved where the input's dimensions are known."""
        rest = tuple(input_shape[1:])
        known = math.prod(d for d in self.target_shape if d != -1)
        if None in rest:
            return (input_shape[0], *(None if d == -1 else d for d in self.target_shape))
        size = math.prod(rest)
        fits = size % max(known, 1) == 0 if -1 in self.target_shape else size == known
        if not fits:
            raise errors.value_error(
                f"`target_shape` of layer {self.name!r}",
                expected=f"a shape of {size} numbers, as the input's shape {rest} has",
                received=self.target_shape,
                remedy="Make one dimension -1 to have it found out." if -1 not in self.target_shape else "",
            )
        return (input_shape[0], *(size // max(known, 1) if d == -1 else d for d in self.target_shape))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "target_shape": self.target_shape}


def _checked(shape: Any) -> tuple[int, ...]:
    listed = tuple(shape) if isinstance(shape, (list, tuple)) else (None,)
    if not all(isinstance(d, int) and (d >= 0 or d == -1) for d in listed) or listed.count(-1) > 1:
        raise errors.value_error(
            "`target_shape` of Reshape",
            expected="a tuple of integers >= 0, one of which may be -1, without the batch dimension",
            received=shape,
        )
    return listed  # type: ignore[return-value]
