"""`Permute`: the dimensions of a sample in another order."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.layers.pointwise import Moving
from kerastorch.nn.spec import InputSpec


@registry.register("layers")
class Permute(Moving):
    """Reorders the dimensions of each sample: a view.

    Args:
        dims: For each dimension of the output the one of the input, counted from 1: (2, 1) swaps two.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, a, b)` -> `(batch, b, a)` for (2, 1).

    Raises:
        ValueError: `dims` is no permutation of 1, 2, ...

    Example:
        >>> import torch
        >>> Permute((2, 1))(torch.zeros(5, 3, 4)).shape
        torch.Size([5, 4, 3])
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(dims, (list, tuple)) or sorted(dims) != list(range(1, len(dims) + 1)):
            raise errors.value_error(
                "`dims` of Permute",
                expected="each of 1, 2, ... once",
                received=dims,
                remedy="Dimension 0, the batch, is not named; the first of a sample is 1.",
            )
        self.dims = tuple(dims)
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)
        self._order = (0, *self.dims)

    def call(self, inputs: Tensor) -> Tensor:
        """The permuted view."""
        return inputs.permute(self._order)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's dimensions in their new order."""
        return tuple(input_shape[axis] for axis in self._order)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "dims": self.dims}
