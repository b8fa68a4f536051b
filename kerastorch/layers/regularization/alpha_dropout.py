"""`AlphaDropout`: dropout that keeps the mean and variance of SELU networks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch import random
from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.regularization.dropout import Random, checked_noise_shape

# Where SELU goes for very negative inputs: -scale * alpha (Klambauer et al., 2017, https://arxiv.org/abs/1706.02515).
_FLOOR = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946


@registry.register("layers")
class AlphaDropout(Random):
    """While training sets values to SELU's lowest with probability `rate`, and rescales to the same mean and variance.

    Args:
        rate: The probability, from 0 to below 1.
        noise_shape: The shape of the random mask, broadcast to the input's; None for the input's size.
        seed: An integer for numbers of its own.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept.

    Raises:
        ValueError: `rate` is outside [0, 1), or `noise_shape` is no shape.

    Example:
        >>> AlphaDropout(0.1)(torch.ones(2)).tolist()
        [1.0, 1.0]
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = arguments.fraction("`rate` of AlphaDropout", rate, one=False)
        self.noise_shape = checked_noise_shape("AlphaDropout", noise_shape)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The input, in training mode with values at the floor."""
        if self.rate == 0 or not (self.training if training is None else training):
            return inputs
        shape = self.noise_shape or (None,) * inputs.ndim
        sizes = [inputs.shape[axis] if size is None else size for axis, size in enumerate(shape)]
        generator = random.torch_generator(self.seed_generator, inputs.device)
        kept = torch.rand(sizes, generator=generator, device=inputs.device) >= self.rate
        scale = ((1 - self.rate) * (1 + self.rate * _FLOOR**2)) ** -0.5
        return torch.where(kept, inputs, _FLOOR) * scale - scale * _FLOOR * self.rate

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
