"""`Concatenate`, and `concatenate` as a function."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.layers.merging.merge import Merge


@registry.register("layers")
class Concatenate(Merge):
    """Its inputs one after another along an axis.

    Args:
        axis: The axis.
        **kwargs: `name`, `dtype`.

    Shapes:
        A list of shapes that differ along `axis` alone -> the same with the sum there.

    Raises:
        ValueError: At the first call: the shapes differ elsewhere.

    Example:
        >>> Concatenate()([torch.zeros(2, 3), torch.zeros(2, 4)]).shape
        torch.Size([2, 7])
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise errors.type_error("`axis` of Concatenate", expected="an integer", received=axis)
        self.axis = axis

    def call(self, inputs: list[Tensor]) -> Tensor:
        """The joined tensor."""
        return torch.cat(inputs, self.axis)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The common shape, with the sum of the sizes along `axis`."""
        shapes = self._shapes(input_shape)
        ranks = {len(shape) for shape in shapes}
        rank = len(shapes[0])
        if len(ranks) > 1 or not -rank <= self.axis < rank:
            raise self._unfit(shapes)
        output: list[int | None] = []
        for axis, sizes in enumerate(zip(*shapes, strict=True)):
            known = {size for size in sizes if size is not None}
            if axis == self.axis % rank:
                output.append(None if None in sizes else sum(sizes))
            elif len(known) > 1:
                raise self._unfit(shapes)
            else:
                output.append(next(iter(known), None))
        return tuple(output)

    def _unfit(self, shapes: Any) -> ValueError:
        return errors.value_error(
            f"Input of layer {self.name!r}",
            expected=f"shapes of one rank that differ along axis {self.axis} alone",
            received=errors.Said(f"shapes {shapes}"),
        )

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks one after another; inputs without a mask count as data."""
        if not isinstance(previous_mask, (list, tuple)) or all(m is None for m in previous_mask):
            return None
        masks = []
        for x, mask in zip(inputs, previous_mask, strict=True):
            whole = torch.ones_like(x, dtype=torch.bool)
            masks.append(whole if mask is None else whole & (mask.unsqueeze(-1) if mask.ndim < x.ndim else mask))
        return torch.cat(masks, self.axis).any(dim=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate(axis, **kwargs)(inputs)`: a list of tensors one after another.

    Args:
        inputs: A list of tensors.
        axis: The axis along which they are joined.
        **kwargs: `name`, `dtype`.

    Returns:
        A tensor.

    Example:
        >>> concatenate([torch.zeros(2, 3), torch.zeros(2, 4)]).shape
        torch.Size([2, 7])
    """
    return Concatenate(axis=axis, **kwargs)(inputs)
