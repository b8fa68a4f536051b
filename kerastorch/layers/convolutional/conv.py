"""`Conv1D`, `Conv2D`, `Conv3D`."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.layers import arguments
from kerastorch.layers.convolutional.base import KERNELS, Convolution


class Conv(Convolution):
    """The base of the three."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        owner = type(self).__name__
        lora = {name: kwargs.pop(name) for name in ("lora_rank", "lora_alpha") if name in kwargs}
        arguments.unsupported(owner, **lora)
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
        self.filters = arguments.positive_integer(f"`filters` of {owner}", filters)
        self.groups = arguments.positive_integer(f"`groups` of {owner}", groups)
        if self.filters % self.groups:
            raise errors.value_error(
                f"`filters` of {owner}", expected=f"a multiple of groups={self.groups}", received=filters
            )
        self._refuse_dilated_steps()
        arguments.settle(
            self,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Make `weight` and `bias` for inputs whose channels are known."""
        channels = self._settle_channels(input_shape)
        if channels % self.groups:
            raise errors.value_error(
                f"Channels of the input of layer {self.name!r}",
                expected=f"a multiple of groups={self.groups}",
                received=errors.Said(f"{channels} (shape {tuple(input_shape)})"),
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.weight = self._add_kernel("kernel", shape, KERNELS[self.rank])
        self.bias = self._add_bias(self.filters)
        self._options = (self.window.kernel_strides, self.window.kernel_dilation)

    @property
    def kernel(self) -> Tensor:
        """The weight in Keras's layout, (*window, in / groups, filters): a view."""
        return KERNELS[self.rank].to_keras(self.weight)

    def call(self, inputs: Tensor) -> Tensor:
        """`activation(conv(inputs) + bias)`."""
        window = self.window
        strides, dilation = self._options
        x, pads = window.enter(inputs)
        weight = self.weight.unsqueeze(2) if window.as_image else self.weight
        outputs = window.leave(self._convolve(x, weight, self.bias, strides, pads, dilation, self.groups))
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The window's places, and `filters` channels."""
        return self.window.output_shape(input_shape, self.filters)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "groups": self.groups,
            **arguments.written(self, "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
        }


@registry.register("layers", "Convolution1D")
class Conv1D(Conv):
    """A convolution of a sequence: a window of weights moves over it.

    Args:
        filters: The channels of the output.
        kernel_size: The window's size, one integer.
        strides: Its step.
        padding: "valid" (none), "same" (zeros, so that there are ceil(size / strides) places, as in TensorFlow), or
            "causal" (the same number, none of which sees a later step).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells; not together with `strides` above 1.
        groups: Into how many parts channels and filters are divided, each part being convolved by itself.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        kernel_constraint, bias_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, new steps, filters)`.
        `weight` is (filters, in / groups, k) as in
        `nn.Conv1d`, `kernel` the same in Keras's order.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> Conv1D(4, 3, padding="causal")(torch.zeros(2, 10, 3)).shape
        torch.Size([2, 10, 4])
    """

    rank = 1
    _causal = True


@registry.register("layers", "Convolution2D")
class Conv2D(Conv):
    """A convolution of an image: a window of weights moves over it.

    Args:
        filters: The channels of the output.
        kernel_size: The window's size, one integer or one a dimension.
        strides: Its step.
        padding: "valid" (none), "same" (zeros, so that there are ceil(size / strides) places, as in TensorFlow).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells; not together with `strides` above 1.
        groups: Into how many parts channels and filters are divided, each part being convolved by itself.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        kernel_constraint, bias_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, new height, new width, filters)`.
        `weight` is (filters, in / groups, h, w) as in
        `nn.Conv2d`, `kernel` the same in Keras's order.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> Conv2D(4, 3, activation="relu")(torch.zeros(2, 28, 28, 1)).shape
        torch.Size([2, 26, 26, 4])
    """

    rank = 2


@registry.register("layers", "Convolution3D")
class Conv3D(Conv):
    """A convolution of a volume: a window of weights moves over it.

    Args:
        filters: The channels of the output.
        kernel_size: The window's size, one integer or one a dimension.
        strides: Its step.
        padding: "valid" (none), "same" (zeros, so that there are ceil(size / strides) places, as in TensorFlow).
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells; not together with `strides` above 1.
        groups: Into how many parts channels and filters are divided, each part being convolved by itself.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        kernel_constraint, bias_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, depth, height, width, channels)` -> `(batch, new depth, new height, new width, filters)`.
        `weight` is (filters, in / groups, d, h, w) as in
        `nn.Conv3d`, `kernel` the same in Keras's order.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> Conv3D(4, 3, strides=2, padding="same")(torch.zeros(1, 9, 9, 9, 2)).shape
        torch.Size([1, 5, 5, 5, 4])
    """

    rank = 3
