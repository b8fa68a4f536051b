"""`Dense`: a matrix product, a bias, an activation."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.core.floating import Floating
from kerastorch.nn.spec import InputSpec
from kerastorch.nn.variable import Layout

KERNEL = Layout(1, 0)  # Keras: (in, out); torch: (out, in)


@registry.register("layers")
class Dense(Floating):
    """`activation(inputs @ kernel + bias)` along the last dimension.

    Args:
        units: The size of the output's last dimension.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        kernel_constraint, bias_constraint: Projections after each update.
        lora_rank, lora_alpha, quantization_config: Must be None.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, ..., in)` -> `(batch, ..., units)`. `weight` is (units, in) as in `nn.Linear`, `kernel` (in, units).

    Raises:
        ValueError: `units` is no positive integer, or a name is unknown.

    Example:
        >>> import torch
        >>> layer = Dense(2, kernel_initializer="ones")
        >>> layer(torch.ones(1, 3)).tolist(), tuple(layer.kernel.shape)
        ([[3.0, 3.0]], (3, 2))
    """

    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        arguments.unsupported(
            "Dense", lora_rank=lora_rank, lora_alpha=lora_alpha, quantization_config=quantization_config
        )
        self.units = arguments.positive_integer("`units` of Dense", units)
        self.activation = arguments.activation(activation)
        self.use_bias = use_bias
        arguments.settle(
            self,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        """Make `weight` and `bias` for inputs whose last dimension is known."""
        features = arguments.known_dimension(self.name, input_shape, -1)
        self.weight = self.add_weight(
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
            layout=KERNEL,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    @property
    def kernel(self) -> Tensor:
        """The weight in Keras's layout, (in, units): a view."""
        return KERNEL.to_keras(self.weight)

    def call(self, inputs: Tensor) -> Tensor:
        """`activation(inputs @ kernel + bias)`."""
        outputs = F.linear(inputs, self.weight, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape with `units` as last dimension."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": arguments.activation_config(self.activation),
            "use_bias": self.use_bias,
            **arguments.written(
                self, "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer"
            ),
            **arguments.regularizer_of_output(self),
            **arguments.written(self, "kernel_constraint", "bias_constraint"),
        }
