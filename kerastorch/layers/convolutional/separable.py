"""`SeparableConv1D`, `SeparableConv2D`: every channel by itself, then all channels at each place."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.convolutional.base import KERNELS, Convolution
from kerastorch.layers.convolutional.depthwise import DepthwiseLayout


class SeparableConv(Convolution):
    """The base of the two."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            activity_regularizer,
            **kwargs,
        )
        owner = type(self).__name__
        self.filters = arguments.positive_integer(f"`filters` of {owner}", filters)
        self.depth_multiplier = arguments.positive_integer(f"`depth_multiplier` of {owner}", depth_multiplier)
        arguments.settle(
            self,
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Make `depthwise_weight`, `pointwise_weight` and `bias` for inputs whose channels are known."""
        channels = self._settle_channels(input_shape)
        deep = channels * self.depth_multiplier
        self.layout = DepthwiseLayout(self.rank, self.depth_multiplier)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_weight = self._add_kernel("depthwise_kernel", shape, self.layout, "depthwise")
        shape = (1,) * self.rank + (deep, self.filters)
        self.pointwise_weight = self._add_kernel("pointwise_kernel", shape, KERNELS[self.rank], "pointwise")
        self.bias = self._add_bias(self.filters)
        self._options = (self.window.kernel_strides, self.window.kernel_dilation, channels)

    @property
    def depthwise_kernel(self) -> Tensor:
        """The first weight in Keras's layout, (*window, in, depth_multiplier): a view."""
        return self.layout.to_keras(self.depthwise_weight)

    @property
    def pointwise_kernel(self) -> Tensor:
        """The second weight in Keras's layout, (1, ..., in * depth_multiplier, filters): a view."""
        return KERNELS[self.rank].to_keras(self.pointwise_weight)

    def call(self, inputs: Tensor) -> Tensor:
        """`activation(pointwise(depthwise(inputs)) + bias)`."""
        window = self.window
        strides, dilation, groups = self._options
        kernels: tuple[Tensor, ...] = (self.depthwise_weight, self.pointwise_weight)
        deep, wide = (k.unsqueeze(2) for k in kernels) if window.as_image else kernels
        x, pads = window.enter(inputs)
        x = self._convolve(x, deep, None, strides, pads, dilation, groups)
        outputs = window.leave(self._convolve(x, wide, self.bias))
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The window's places, and `filters` channels."""
        return self.window.output_shape(input_shape, self.filters)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            "filters": self.filters,
            **arguments.written(self, "depthwise_initializer", "depthwise_regularizer", "depthwise_constraint"),
            **arguments.written(self, "pointwise_initializer", "pointwise_regularizer", "pointwise_constraint"),
        }


@registry.register("layers", "SeparableConvolution1D")
class SeparableConv1D(SeparableConv):
    """A depthwise convolution of a sequence, then one over the channels at each place.

    Args:
        filters: The channels of the output.
        kernel_size: The window's size, one integer.
        strides: Its step.
        padding: "valid" (none) or "same" (zeros, so that there are ceil(size / strides) places, as in TensorFlow).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells.
        depth_multiplier: How many windows every channel has.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: How the weights start.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        depthwise_constraint, pointwise_constraint, bias_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, new steps, filters)`.
        `depthwise_kernel` and `pointwise_kernel` are the weights in
        Keras's order.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> SeparableConv1D(4, 3)(torch.zeros(2, 10, 3)).shape
        torch.Size([2, 8, 4])
    """

    rank = 1


@registry.register("layers", "SeparableConvolution2D")
class SeparableConv2D(SeparableConv):
    """A depthwise convolution of an image, then one over the channels at each place.

    Args:
        filters: The channels of the output.
        kernel_size: The window's size, one integer or one a dimension.
        strides: Its step.
        padding: "valid" (none) or "same" (zeros, so that there are ceil(size / strides) places, as in TensorFlow).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells.
        depth_multiplier: How many windows every channel has.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: How the weights start.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        depthwise_constraint, pointwise_constraint, bias_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, new height, new width, filters)`.
        `depthwise_kernel` and `pointwise_kernel` are the weights in
        Keras's order.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> SeparableConv2D(4, 3)(torch.zeros(2, 10, 10, 3)).shape
        torch.Size([2, 8, 8, 4])
    """

    rank = 2
