"""`Dot`, and `dot` as a function: sample-wise products of two tensors."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.layers.merging.merge import Merge


@registry.register("layers")
class Dot(Merge):
    """For each sample the product of two tensors, summed over one axis of each.

    Args:
        axes: The axis of both, or a pair with one for each; never 0, the batch.
        normalize: Whether both are scaled to length 1 along that axis first: then it is the cosine similarity.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, a, n)` and `(batch, b, n)` with axes=2 -> `(batch, a, b)`; two matrices -> `(batch, 1)`.

    Raises:
        TypeError: `axes` is neither an integer nor a pair.
        ValueError: An axis is 0, or there are not two.

    Example:
        >>> Dot(axes=1)([torch.ones(2, 3), torch.ones(2, 3)]).tolist()
        [[3.0], [3.0]]
    """

    _number = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = (axes, axes) if isinstance(axes, int) else axes
        if not isinstance(pair, (list, tuple)):
            raise errors.type_error("`axes` of Dot", expected="an integer or a pair of integers", received=axes)
        if len(pair) != 2 or not all(isinstance(a, int) for a in pair) or 0 in pair:
            raise errors.value_error("`axes` of Dot", expected="a pair of axes other than 0, the batch", received=axes)
        self.axes = axes
        self.normalize = normalize
        self._pair = tuple(pair)

    def build(self, input_shape: Any) -> None:
        """Check that the two axes have the same size."""
        first, second = self._shapes(input_shape)
        a, b = self._positions(first, second)
        if None not in (first[a], second[b]) and first[a] != second[b]:
            raise errors.value_error(
                f"Input of layer {self.name!r}",
                expected=f"the same size along axis {a} of the first and axis {b} of the second",
                received=errors.Said(f"shapes {first} and {second}"),
            )

    def _positions(self, first: Any, second: Any) -> tuple[int, int]:
        return self._pair[0] % len(first), self._pair[1] % len(second)

    def call(self, inputs: list[Tensor]) -> Tensor:
        """The products."""
        x, y = inputs
        a, b = self._positions(x.shape, y.shape)
        if self.normalize:
            x, y = F.normalize(x, dim=a, eps=1e-7), F.normalize(y, dim=b, eps=1e-7)
        x, y = x.movedim(a, -1), y.movedim(b, 1)
        outer = (*x.shape[:-1], *y.shape[2:])
        product = torch.bmm(x.reshape(x.shape[0], -1, x.shape[-1]), y.reshape(y.shape[0], y.shape[1], -1))
        return product.reshape(outer if len(outer) > 1 else (*outer, 1))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shapes without the summed axes and the second batch."""
        first, second = self._shapes(input_shape)
        a, b = self._positions(first, second)
        left = [d for i, d in enumerate(first) if i != a]
        right = [d for i, d in enumerate(second) if i not in (0, b)]
        return (*left, *right) if len(left) + len(right) > 1 else (*left, 1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """None: the axes of steps are gone."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """`Dot(axes, **kwargs)(inputs)`: sample-wise products of two tensors.

    Args:
        inputs: Two tensors.
        axes: The axis of both, or a pair, over which is summed.
        **kwargs: `normalize`, `name`, `dtype`.

    Returns:
        A tensor.

    Example:
        >>> dot([torch.ones(2, 3), torch.ones(2, 3)]).tolist()
        [[3.0], [3.0]]
    """
    return Dot(axes=axes, **kwargs)(inputs)
