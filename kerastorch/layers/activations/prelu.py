"""`PReLU`: a rectifier that learns the slopes of its negative side."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.nn.layer import Layer
from kerastorch.nn.spec import InputSpec


@registry.register("layers")
class PReLU(Layer):
    """x where it is positive, `alpha * x` elsewhere, with a trained `alpha` for each position.

    Args:
        alpha_initializer: How the slopes start.
        alpha_regularizer: A penalty on them.
        alpha_constraint: A projection after each update.
        shared_axes: Axes (from 1) along which one slope serves all positions: [1, 2] for one a channel of an image.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, ...)`, kept.

    Example:
        >>> PReLU(alpha_initializer="ones")(torch.tensor([[-1.0, 2.0]])).tolist()
        [[-1.0, 2.0]]
    """

    supports_masking = True

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments.settle(
            self,
            alpha_initializer=alpha_initializer,
            alpha_regularizer=alpha_regularizer,
            alpha_constraint=alpha_constraint,
        )
        shared = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if shared is None else arguments.axes("`shared_axes` of PReLU", shared)

    def build(self, input_shape: Any) -> None:
        """Make the slopes, shaped like one sample but 1 along the shared axes."""
        shared = set(self.shared_axes or ())
        free = [axis for axis in range(1, len(input_shape)) if axis not in shared]
        known: dict[int, int | None] = {axis: arguments.known_dimension(self.name, input_shape, axis) for axis in free}
        self.weight = self.add_weight(
            shape=[known.get(axis, 1) for axis in range(1, len(input_shape))],
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        self.input_spec = InputSpec(ndim=len(input_shape), axes=known if shared else {})

    @property
    def alpha(self) -> Tensor:
        """The slopes."""
        return self.weight

    def call(self, inputs: Tensor) -> Tensor:
        """The input with its negative side scaled."""
        return torch.relu(inputs) - self.weight * torch.relu(-inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            **arguments.written(self, "alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes"),
        }
