"""`Masking`: time steps whose features all have one value count as padding."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import registry, serialization
from kerastorch.layers.pointwise import Pointwise


@registry.register("layers")
class Masking(Pointwise):
    """Masks the time steps at which every feature equals `mask_value`, and sets them to 0.

    Args:
        mask_value: The value of padding.
        **kwargs: `name`, `dtype`.

    Shapes:
        `(batch, steps, features)`, kept; the mask is `(batch, steps)`, True where there is data.

    Example:
        >>> import torch
        >>> outputs = Masking()(torch.tensor([[[1.0, 0.0], [0.0, 0.0]]]))
        >>> outputs._keras_mask.tolist()
        [[True, False]]
    """

    makes_masks = True

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = serialization.deserialize_keras_object(mask_value)

    def call(self, inputs: Tensor) -> Tensor:
        """The input with masked steps set to 0."""
        return inputs.masked_fill(inputs.eq(self.mask_value).all(dim=-1, keepdim=True), 0)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True where a step has a value other than `mask_value`."""
        return inputs.ne(self.mask_value).any(dim=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mask_value": serialization.serialize_keras_object(self.mask_value)}
