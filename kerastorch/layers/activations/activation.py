"""`Activation`: an activation function as a layer."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.pointwise import Pointwise


@registry.register("layers")
class Activation(Pointwise):
    """Applies an activation function.

    Args:
        activation: A function or its name ("relu").
        **kwargs: `name`, `dtype`.

    Shapes:
        Any, kept.

    Raises:
        ValueError: The name is unknown.

    Example:
        >>> import torch
        >>> Activation("relu")(torch.tensor([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = arguments.activation(activation)

    def call(self, inputs: Tensor) -> Tensor:
        """`activation(inputs)`."""
        return inputs if self.activation is None else self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "activation": arguments.activation_config(self.activation)}
