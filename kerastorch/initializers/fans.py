"""Random initializers whose spread follows from the shape: Glorot, He, LeCun."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kerastorch import random
from kerastorch.base import errors, registry
from kerastorch.initializers.initializer import RandomInitializer

# The standard deviation of a standard normal distribution cut off at 2 (scipy.stats.truncnorm.std(-2, 2)).
TRUNCATED_STDDEV = 0.87962566103423978

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("uniform", "truncated_normal", "untruncated_normal")
Axes = Sequence[int] | None


def compute_fans(shape: Sequence[int], input_axes: Axes = None, output_axes: Axes = None) -> tuple[int, int]:
    """How many inputs and outputs a weight of this shape (in Keras's layout) connects.

    Args:
        shape: The shape: `(in, out)`, or `(*window, in, out)` for convolutions.
        input_axes: The dimensions of the inputs, when the shape is laid out otherwise.
        output_axes: The dimensions of the outputs; counts only together with `input_axes`.

    Returns:
        The two numbers.

    Example:
        >>> compute_fans((3, 3, 16, 32))
        (144, 288)
    """
    shape = tuple(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[axis] for axis in input_axes), math.prod(shape[axis] for axis in output_axes)
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window


@registry.register("initializers", "variance_scaling")
class VarianceScaling(RandomInitializer):
    """Numbers with variance `scale / n`, n the inputs, the outputs or their average.

    Args:
        scale: A positive number.
        mode: "fan_in", "fan_out" or "fan_avg": what n is.
        distribution: "truncated_normal" (or "normal"), "untruncated_normal" or "uniform".
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.
        input_axes: The dimensions of the inputs, when the shape is not `(*window, in, out)`.
        output_axes: The dimensions of the outputs.

    Raises:
        ValueError: An argument is none of these.

    Example:
        >>> VarianceScaling(2.0, distribution="uniform")((4, 5)).shape
        torch.Size([4, 5])
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Axes = None,
        output_axes: Axes = None,
    ) -> None:
        if not isinstance(scale, (int, float)) or not scale > 0:
            raise errors.value_error("`scale` of VarianceScaling", expected="a positive number", received=scale)
        if mode not in MODES:
            raise errors.unknown_name("mode of VarianceScaling", mode, MODES)
        distribution = "truncated_normal" if str(distribution).lower() == "normal" else str(distribution).lower()
        if distribution not in DISTRIBUTIONS:
            raise errors.unknown_name("distribution of VarianceScaling", distribution, (*DISTRIBUTIONS, "normal"))
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Numbers of `shape`."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, count)
        if self.distribution == "truncated_normal":
            return random.truncated_normal(shape, 0.0, math.sqrt(variance) / TRUNCATED_STDDEV, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        limit = math.sqrt(3.0 * variance)
        return random.uniform(shape, -limit, limit, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Named(VarianceScaling):
    """A `VarianceScaling` whose scale, mode and distribution have a name."""

    _recipe: tuple[float, str, str]

    def __init__(self, seed: Any = None, input_axes: Axes = None, output_axes: Axes = None) -> None:
        scale, mode, distribution = self._recipe
        super().__init__(scale, mode, distribution, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        return {key: config[key] for key in ("seed", "input_axes", "output_axes")}


@registry.register("initializers", "glorot_uniform")
class GlorotUniform(_Named):
    """Uniform over [-limit, limit], limit = sqrt(6 / (inputs + outputs)).

    From Glorot and Bengio, 2010 (https://proceedings.mlr.press/v9/glorot10a.html). The default of most layers.

    Args:
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.
        input_axes: The dimensions of the inputs, when the shape is not `(*window, in, out)`.
        output_axes: The dimensions of the outputs.

    Example:
        >>> bool(GlorotUniform()((3, 3)).abs().max() <= 1.0)
        True
    """

    _recipe = (1.0, "fan_avg", "uniform")


@registry.register("initializers", "glorot_normal")
class GlorotNormal(_Named):
    """Truncated normal with variance 2 / (inputs + outputs).

    From Glorot and Bengio, 2010 (https://proceedings.mlr.press/v9/glorot10a.html).

    Args:
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.
        input_axes: The dimensions of the inputs, when the shape is not `(*window, in, out)`.
        output_axes: The dimensions of the outputs.

    Example:
        >>> GlorotNormal()((3, 3)).shape
        torch.Size([3, 3])
    """

    _recipe = (1.0, "fan_avg", "truncated_normal")


@registry.register("initializers", "lecun_normal")
class LecunNormal(_Named):
    """Truncated normal with variance 1 / inputs.

    From Klambauer et al., 2017 (https://arxiv.org/abs/1706.02515), after LeCun et al., 1998.

    Args:
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.
        input_axes: The dimensions of the inputs, when the shape is not `(*window, in, out)`.
        output_axes: The dimensions of the outputs.

    Example:
        >>> LecunNormal()((3, 3)).shape
        torch.Size([3, 3])
    """

    _recipe = (1.0, "fan_in", "truncated_normal")


@registry.register("initializers", "lecun_uniform")
class LecunUniform(_Named):
    """Uniform over [-limit, limit], limit = sqrt(3 / inputs).

    From Klambauer et al., 2017 (https://arxiv.org/abs/1706.02515), after LeCun et al., 1998.

    Args:
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.
        input_axes: The dimensions of the inputs, when the shape is not `(*window, in, out)`.
        output_axes: The dimensions of the outputs.

    Example:
        >>> LecunUniform()((3, 3)).shape
        torch.Size([3, 3])
    """

    _recipe = (1.0, "fan_in", "uniform")


@registry.register("initializers", "he_normal")
class HeNormal(_Named):
    """Truncated normal with variance 2 / inputs.

    From He et al., 2015 (https://arxiv.org/abs/1502.01852).

    Args:
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.
        input_axes: The dimensions of the inputs, when the shape is not `(*window, in, out)`.
        output_axes: The dimensions of the outputs.

    Example:
        >>> HeNormal()((3, 3)).shape
        torch.Size([3, 3])
    """

    _recipe = (2.0, "fan_in", "truncated_normal")


@registry.register("initializers", "he_uniform")
class HeUniform(_Named):
    """Uniform over [-limit, limit], limit = sqrt(6 / inputs).

    From He et al., 2015 (https://arxiv.org/abs/1502.01852).

    Args:
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.
        input_axes: The dimensions of the inputs, when the shape is not `(*window, in, out)`.
        output_axes: The dimensions of the outputs.

    Example:
        >>> HeUniform()((3, 3)).shape
        torch.Size([3, 3])
    """

    _recipe = (2.0, "fan_in", "uniform")
