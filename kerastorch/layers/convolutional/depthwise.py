"""`DepthwiseConv1D`, `DepthwiseConv2D`: every channel is convolved by itself."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.layers.convolutional.base import Convolution
from kerastorch.nn.variable import Layout


class DepthwiseLayout(Layout):
    """Keras: (*window, channels, multiplier); torch: (channels * multiplier, 1, *window).

    Example:
        >>> import torch
        >>> tuple(DepthwiseLayout(2, 3).to_torch(torch.zeros(5, 5, 4, 3)).shape)
        (12, 1, 5, 5)
    """

    def __init__(self, rank: int, multiplier: int) -> None:
        super().__init__(rank, rank + 1, *range(rank))
        self.multiplier = multiplier

    def to_torch(self, value: Tensor) -> Tensor:
        """A Keras-layout tensor in torch's layout."""
        return super().to_torch(value).flatten(0, 1).unsqueeze(1)

    def to_keras(self, value: Tensor) -> Tensor:
        """A torch-layout tensor in Keras's layout: a view."""
        return super().to_keras(value.squeeze(1).unflatten(0, (-1, self.multiplier)))


class DepthwiseConv(Convolution):
    """The base of the two."""

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
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
        self.depth_multiplier = arguments.positive_integer(f"`depth_multiplier` of {owner}", depth_multiplier)
        arguments.settle(
            self,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Make `weight` and `bias` for inputs whose channels are known."""
        channels = self._settle_channels(input_shape)
        self.layout = DepthwiseLayout(self.rank, self.depth_multiplier)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.weight = self._add_kernel("kernel", shape, self.layout, "depthwise")
        self.bias = self._add_bias(channels * self.depth_multiplier)
        self._options = (self.window.kernel_strides, self.window.kernel_dilation, channels)

    @property
    def kernel(self) -> Tensor:
        """The weight in Keras's layout, (*window, in, depth_multiplier): a view."""
        return self.layout.to_keras(self.weight)

    def call(self, inputs: Tensor) -> Tensor:
        """`activation(depthwise_conv(inputs) + bias)`."""
        window = self.window
        strides, dilation, groups = self._options
        x, pads = window.enter(inputs)
        weight = self.weight.unsqueeze(2) if window.as_image else self.weight
        outputs = window.leave(self._convolve(x, weight, self.bias, strides, pads, dilation, groups))
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The window's places, and `depth_multiplier` channels for each of the input."""
        channels = self.window.channels_of(input_shape)
        return self.window.output_shape(input_shape, None if channels is None else channels * self.depth_multiplier)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            **arguments.written(self, "depthwise_initializer", "depthwise_regularizer", "depthwise_constraint"),
        }


@registry.register("layers")
class DepthwiseConv1D(DepthwiseConv):
    """A convolution of a sequence in which every channel has windows of its own.

    Args:
        kernel_size: The window's size, one integer.
        strides: Its step.
        padding: "valid" (none) or "same" (zeros, so that there are ceil(size / strides) places, as in TensorFlow).
        depth_multiplier: How many windows every channel has.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        depthwise_initializer, bias_initializer: How the weights start.
        depthwise_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        depthwise_constraint, bias_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, new steps, channels * depth_multiplier)`.
        `weight` is (channels * depth_multiplier, 1, k),
        `kernel` (*window, channels, depth_multiplier).

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> DepthwiseConv1D(3, depth_multiplier=2)(torch.zeros(2, 10, 3)).shape
        torch.Size([2, 8, 6])
    """

    rank = 1


@registry.register("layers")
class DepthwiseConv2D(DepthwiseConv):
    """A convolution of an image in which every channel has windows of its own.

    Args:
        kernel_size: The window's size, one integer or one a dimension.
        strides: Its step.
        padding: "valid" (none) or "same" (zeros, so that there are ceil(size / strides) places, as in TensorFlow).
        depth_multiplier: How many windows every channel has.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        depthwise_initializer, bias_initializer: How the weights start.
        depthwise_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        depthwise_constraint, bias_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, new height, new width, channels * depth_multiplier)`.
        `weight` is (channels * depth_multiplier, 1, h, w),
        `kernel` (*window, channels, depth_multiplier).

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> DepthwiseConv2D(3, depth_multiplier=2)(torch.zeros(2, 10, 10, 3)).shape
        torch.Size([2, 8, 8, 6])
    """

    rank = 2
