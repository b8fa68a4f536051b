"""`Dropout`: sets a share of the values to zero while training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch import random
from kerastorch.base import errors, registry
from kerastorch.layers import arguments
from kerastorch.layers.pointwise import Pointwise


class Random(Pointwise):
    """Base of layers that draw random numbers while training.

    Without a seed they draw from torch's global generator, with one from seeds of their own, whose state a checkpoint
    can hold (`seed_generator.get_state()`).
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = None if seed is None else random.SeedGenerator(seed)


@registry.register("layers")
class Dropout(Random):
    """While training sets values to 0 with probability `rate` and multiplies the others by `1 / (1 - rate)`.

    Args:
        rate: The probability, from 0 to 1.
        noise_shape: The shape of the random mask: 1 where one decision serves a whole dimension, None for its size.
        seed: An integer for numbers of its own, the same in every run.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept.

    Raises:
        ValueError: `rate` is outside [0, 1], or `noise_shape` is no shape.

    Example:
        >>> layer = Dropout(0.5)
        >>> layer(torch.ones(3)).tolist()
        [1.0, 1.0, 1.0]
        >>> sorted(set(layer(torch.ones(100), training=True).tolist()))
        [0.0, 2.0]
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = arguments.fraction(f"`rate` of {type(self).__name__}", rate)
        self.noise_shape = checked_noise_shape(type(self).__name__, noise_shape)
        self._plain = noise_shape is None and seed is None

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """The input, in training mode with holes."""
        if not (self.training if training is None else training):
            return inputs
        if self._plain:
            return torch.dropout(inputs, self.rate, True)
        return random.dropout(inputs, self.rate, self.noise_shape, self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


def checked_noise_shape(owner: str, shape: Any) -> tuple[int | None, ...] | None:
    """A `noise_shape` argument as a tuple.

    Raises:
        ValueError: It is no list of positive integers and None.
    """
    if shape is None:
        return None
    fits = isinstance(shape, (list, tuple)) and all(d is None or (isinstance(d, int) and d > 0) for d in shape)
    if not fits:
        raise errors.value_error(
            f"`noise_shape` of {owner}", expected="a tuple of positive integers and None", received=shape
        )
    return tuple(shape)
