"""Random initializers of a fixed spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kerastorch import random
from kerastorch.base import registry
from kerastorch.initializers.initializer import RandomInitializer


@registry.register("initializers", "random_normal", "normal")
class RandomNormal(RandomInitializer):
    """Numbers from a normal distribution.

    Args:
        mean: The mean.
        stddev: The standard deviation.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Example:
        >>> RandomNormal(seed=1)((2, 3)).shape
        torch.Size([2, 3])
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Numbers of `shape`."""
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@registry.register("initializers", "truncated_normal")
class TruncatedNormal(RandomInitializer):
    """Numbers from a normal distribution, those beyond two standard deviations drawn again.

    Args:
        mean: The mean before truncation.
        stddev: The standard deviation before truncation.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Example:
        >>> bool(TruncatedNormal(stddev=1.0)((1000,)).abs().max() <= 2.0)
        True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Numbers of `shape`."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@registry.register("initializers", "random_uniform", "uniform")
class RandomUniform(RandomInitializer):
    """Numbers spread evenly over [minval, maxval).

    Args:
        minval: The lower bound.
        maxval: The upper bound.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Example:
        >>> bool(RandomUniform()((1000,)).abs().max() <= 0.05)
        True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval = minval
        self.maxval = maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Numbers of `shape`."""
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}
