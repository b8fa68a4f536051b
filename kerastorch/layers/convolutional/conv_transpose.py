"""`Conv1DTranspose`, `Conv2DTranspose`, `Conv3DTranspose`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.layers import arguments
from kerastorch.layers.convolutional.base import KERNELS, Convolution
from kerastorch.layers.window import per_dimension
from kerastorch.ops._padding import transposed_crop

_TRANSPOSED: dict[int, Any] = {1: torch.conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}


class ConvTranspose(Convolution):
    """The base of the three."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        self.output_padding = self._checked_output_padding(output_padding)
        self._refuse_dilated_steps()
        self._convolve = _TRANSPOSED[self.window.kernel_rank]
        self._crops = self._make_crops()
        arguments.settle(
            self,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def _checked_output_padding(self, value: Any) -> tuple[int, ...] | None:
        if value is None:
            return None
        subject = f"`output_padding` of {type(self).__name__}"
        sizes = per_dimension(subject, value, self.rank, least=0)
        if any(n >= s for n, s in zip(sizes, self.strides, strict=True)):
            raise errors.value_error(subject, expected=f"less than strides={self.strides}", received=value)
        return sizes

    def _make_crops(self) -> list[tuple[int, int]]:
        """What each dimension of the full output loses before and after."""
        extra = self.output_padding or (None,) * self.rank
        return [
            transposed_crop(size, stride, self.padding, more, dilation)
            for size, stride, more, dilation in zip(
                self.kernel_size, self.strides, extra, self.dilation_rate, strict=True
            )
        ]

    def build(self, input_shape: Any) -> None:
        """Make `weight` and `bias` for inputs whose channels are known."""
        channels = self._settle_channels(input_shape)
        self.weight = self._add_kernel("kernel", (*self.kernel_size, self.filters, channels), KERNELS[self.rank])
        self.bias = self._add_bias(self.filters)
        # torch's kernel drops `before` cells on both sides and adds cells at the end; one cell more may have to go.
        fill = self.window.fill
        before, more = [b for b, _ in self._crops], [max(0, b - a) for b, a in self._crops]
        self._options = (self.window.kernel_strides, self.window.kernel_dilation, fill(before, 0), fill(more, 0))
        self._cut = [max(0, a - b) for b, a in self._crops]

    @property
    def kernel(self) -> Tensor:
        """The weight in Keras's layout, (*window, filters, in): a view."""
        return KERNELS[self.rank].to_keras(self.weight)

    def call(self, inputs: Tensor) -> Tensor:
        """`activation(conv_transpose(inputs) + bias)`."""
        window = self.window
        strides, dilation, pads, more = self._options
        weight = self.weight.unsqueeze(2) if window.as_image else self.weight
        outputs = self._convolve(window.first(inputs), weight, self.bias, strides, pads, more, 1, dilation)
        outputs = window.leave(outputs)
        axis = 1 if window.channels_last else 2
        for dimension, cut in enumerate(self._cut, axis):
            if cut:
                outputs = outputs.narrow(dimension, 0, outputs.shape[dimension] - cut)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The space that the windows cover, and `filters` channels."""
        space = input_shape[1:-1] if self.window.channels_last else input_shape[2:]
        sizes = [
            None if n is None else (n - 1) * stride + (size - 1) * dilation + 1 - before - after
            for n, size, stride, dilation, (before, after) in zip(
                space, self.kernel_size, self.strides, self.dilation_rate, self._crops, strict=True
            )
        ]
        return self.window.shape(input_shape[0], sizes, self.filters)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "output_padding": self.output_padding,
            **arguments.written(self, "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
        }


@registry.register("layers", "Convolution1DTranspose")
class Conv1DTranspose(ConvTranspose):
    """A transposed convolution of a sequence: each cell is spread over a window of a larger output.

    Args:
        filters: The channels of the output.
        kernel_size: The window's size, one integer.
        strides: The step between the windows of neighbouring cells.
        padding: "valid" (the output has what the windows cover) or "same" (size * strides cells).
        output_padding: Cells added at the end of each dimension, fewer than `strides`; None for Keras's choice.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells; not together with `strides` above 1.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        kernel_constraint, bias_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, steps, channels)` -> `(batch, new steps, filters)`.
        `weight` is (in, filters, k) as in
        `nn.ConvTranspose1d`, `kernel` the same in Keras's order.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> Conv1DTranspose(4, 3, strides=2, padding="same")(torch.zeros(2, 10, 3)).shape
        torch.Size([2, 20, 4])
    """

    rank = 1


@registry.register("layers", "Convolution2DTranspose")
class Conv2DTranspose(ConvTranspose):
    """A transposed convolution of an image: each cell is spread over a window of a larger output.

    Args:
        filters: The channels of the output.
        kernel_size: The window's size, one integer or one a dimension.
        strides: The step between the windows of neighbouring cells.
        padding: "valid" (the output has what the windows cover) or "same" (size * strides cells).
        output_padding: Cells added at the end of each dimension, fewer than `strides`; None for Keras's choice.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells; not together with `strides` above 1.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        kernel_constraint, bias_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, height, width, channels)` -> `(batch, new height, new width, filters)`.
        `weight` is (in, filters, h, w) as in
        `nn.ConvTranspose2d`, `kernel` the same in Keras's order.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> Conv2DTranspose(4, 3, strides=2)(torch.zeros(2, 7, 7, 8)).shape
        torch.Size([2, 15, 15, 4])
    """

    rank = 2


@registry.register("layers", "Convolution3DTranspose")
class Conv3DTranspose(ConvTranspose):
    """A transposed convolution of a volume: each cell is spread over a window of a larger output.

    Args:
        filters: The channels of the output.
        kernel_size: The window's size, one integer or one a dimension.
        strides: The step between the windows of neighbouring cells.
        padding: "valid" (the output has what the windows cover) or "same" (size * strides cells).
        output_padding: Cells added at the end of each dimension, fewer than `strides`; None for Keras's choice.
        data_format: "channels_last" or "channels_first"; default `config.image_data_format()`.
        dilation_rate: The spacing of the window's cells; not together with `strides` above 1.
        activation: A function or its name; default none ("linear").
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: A penalty on the output.
        kernel_constraint, bias_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        `(batch, depth, height, width, channels)` -> `(batch, new depth, new height, new width, filters)`.
        `weight` is (in, filters, d, h, w) as in
        `nn.ConvTranspose3d`, `kernel` the same in Keras's order.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> Conv3DTranspose(4, 2, strides=2)(torch.zeros(1, 3, 3, 3, 2)).shape
        torch.Size([1, 6, 6, 6, 4])
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: Any = None,
        *more: Any,
        **kwargs: Any,
    ) -> None:
        # Keras has these two arguments the other way round here.
        super().__init__(filters, kernel_size, strides, padding, output_padding, data_format, *more, **kwargs)
