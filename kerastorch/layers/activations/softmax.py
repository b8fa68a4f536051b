"""`Softmax`: scores to shares, with an optional mask."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.layers import arguments
from kerastorch.layers.pointwise import Pointwise


@registry.register("layers")
class Softmax(Pointwise):
    """`exp(x) / sum(exp(x))` along one axis or several.

    Args:
        axis: The axis, or a list of axes over which the shares add up to 1.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept. A `mask` in the call is broadcast to the input; where it is False the output is 0.

    Raises:
        TypeError: `axis` is no integer or list of integers.

    Example:
        >>> Softmax()(torch.tensor([0.0, 0.0]), mask=torch.tensor([True, False])).tolist()
        [1.0, 0.0]
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = arguments.axes("`axis` of Softmax", axis)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """The shares."""
        if mask is None:
            return self._softmax(inputs)
        mask = _checked(mask, inputs)
        # Finite, so that a row without any entry left gives zeros and no NaN
        lowest = -3e4 if inputs.dtype is torch.float16 else -1e9
        return self._softmax(inputs.masked_fill(~mask, lowest)).masked_fill(~mask, 0.0)

    def _softmax(self, inputs: Tensor) -> Tensor:
        if isinstance(self.axis, int):
            return torch.softmax(inputs, self.axis)
        if len(self.axis) == 1:
            return torch.softmax(inputs, self.axis[0])
        return torch.exp(inputs - torch.logsumexp(inputs, self.axis, keepdim=True))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}


def _checked(mask: Tensor, inputs: Tensor) -> Tensor:
    sizes = list(zip(mask.shape[::-1], inputs.shape[::-1], strict=False))
    if mask.ndim > inputs.ndim or any(m not in (1, n) for m, n in sizes):
        raise errors.value_error(
            "`mask` of Softmax",
            expected=f"a mask that broadcasts to the input's shape {tuple(inputs.shape)}",
            received=mask,
        )
    return mask if mask.dtype is torch.bool else mask > 0.5
