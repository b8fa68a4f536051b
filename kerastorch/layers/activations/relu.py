"""`ReLU`, `LeakyReLU` and `ELU` as layers."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch import activations
from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.pointwise import Pointwise


@registry.register("layers")
class ReLU(Pointwise):
    """`max(x, 0)`; with arguments: x above `threshold`, at most `max_value`, `negative_slope * (x - threshold)` below.

    Args:
        max_value: The largest output; None for no limit.
        negative_slope: The slope below the threshold.
        threshold: Where the rise begins.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept.

    Raises:
        ValueError: An argument is negative.

    Example:
        >>> ReLU(max_value=1.0)(torch.tensor([-1.0, 0.5, 2.0])).tolist()
        [0.0, 0.5, 1.0]
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else arguments.not_negative("`max_value` of ReLU", max_value)
        self.negative_slope = arguments.not_negative("`negative_slope` of ReLU", negative_slope)
        self.threshold = arguments.not_negative("`threshold` of ReLU", threshold)
        self._plain = max_value is None and negative_slope == 0 and threshold == 0

    def call(self, inputs: Tensor) -> Tensor:
        """The rectified input."""
        if self._plain:
            return torch.relu(inputs)
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


@registry.register("layers")
class LeakyReLU(Pointwise):
    """x where it is positive, `negative_slope * x` elsewhere.

    Args:
        negative_slope: The slope of the negative side; `alpha` is its older name.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept.

    Raises:
        ValueError: `negative_slope` is negative.

    Example:
        >>> LeakyReLU(0.5)(torch.tensor([-1.0, 2.0])).tolist()
        [-0.5, 2.0]
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = arguments.not_negative("`negative_slope` of LeakyReLU", negative_slope)

    def call(self, inputs: Tensor) -> Tensor:
        """The input with its negative side damped."""
        return F.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "negative_slope": self.negative_slope}


@registry.register("layers")
class ELU(Pointwise):
    """x where it is positive, `alpha * (exp(x) - 1)` elsewhere.

    Args:
        alpha: The depth of the negative side.
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept.

    Example:
        >>> ELU()(torch.tensor([0.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Tensor) -> Tensor:
        """The input with its negative side bent."""
        return F.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha}
