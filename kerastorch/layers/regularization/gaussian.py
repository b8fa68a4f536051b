"""`GaussianNoise` and `GaussianDropout`: normal noise, added or multiplied, while training."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from kerastorch import random
from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.regularization.dropout import Random


@registry.register("layers")
class GaussianNoise(Random):
    """While training adds normal noise with mean 0.

    Args:
        stddev: The standard deviation, from 0 to 1 as in Keras.
        seed: An integer for numbers of its own.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept.

    Raises:
        ValueError: `stddev` is outside [0, 1].

    Example:
        >>> import torch
        >>> GaussianNoise(0.1)(torch.ones(2)).tolist()
        [1.0, 1.0]
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.stddev = arguments.fraction("`stddev` of GaussianNoise", stddev)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The input, in training mode with noise."""
        if self.stddev == 0 or not (self.training if training is None else training):
            return inputs
        return inputs + _noise(inputs, 0.0, self.stddev, self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


@registry.register("layers")
class GaussianDropout(Random):
    """While training multiplies with normal noise of mean 1 and standard deviation `sqrt(rate / (1 - rate))`.

    Args:
        rate: From 0 to below 1, as the rate of a `Dropout` of the same strength.
        seed: An integer for numbers of its own.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept.

    Raises:
        ValueError: `rate` is outside [0, 1).

    Example:
        >>> import torch
        >>> GaussianDropout(0.1)(torch.ones(2)).tolist()
        [1.0, 1.0]
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = arguments.fraction("`rate` of GaussianDropout", rate, one=False)

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The input, in training mode with noise."""
        if self.rate == 0 or not (self.training if training is None else training):
            return inputs
        return inputs * _noise(inputs, 1.0, math.sqrt(self.rate / (1.0 - self.rate)), self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


def _noise(like: Tensor, mean: float, stddev: float, seeds: random.SeedGenerator | None) -> Tensor:
    if seeds is None:
        return like.new_empty(like.shape).normal_(mean, stddev)
    generator = random.torch_generator(seeds, like.device)
    return like.new_empty(like.shape).normal_(mean, stddev, generator=generator)
