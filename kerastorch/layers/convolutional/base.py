"""The base of all convolutions: window, bias, activation, config."""

from __future__ import annotations

from typing import Any

import torch

from kerastorch.base import errors
from kerastorch.layers import arguments
from kerastorch.layers.core.floating import Floating
from kerastorch.layers.window import Window
from kerastorch.nn.spec import InputSpec
from kerastorch.nn.variable import SAME, Layout, Variable

# Keras: (*window, in, out); torch: (out, in, *window). Transposed kernels have in and out exchanged on both sides.
KERNELS = {1: Layout(2, 1, 0), 2: Layout(3, 2, 0, 1), 3: Layout(4, 3, 0, 1, 2)}
CONVOLUTIONS: dict[int, Any] = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}
# Kernels of channels-last layers lie in memory as their inputs do: a training step of the MNIST convnet takes 2 to 5 %
# less on a CPU, and cuDNN need not reorder them.
_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


class Convolution(Floating):
    """The base of convolutions; subclasses say their `rank`, make their kernels and add the bias inside them."""

    rank: int
    _causal = False

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        activity_regularizer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner = type(self).__name__
        self.window = Window(owner, self.rank, kernel_size, strides, padding, data_format, dilation_rate, self._causal)
        self.activation = arguments.activation(activation)
        self.use_bias = use_bias
        self._convolve = CONVOLUTIONS[self.window.kernel_rank]
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def kernel_size(self) -> tuple[int, ...]:
        """The window's size."""
        return self.window.size

    @property
    def strides(self) -> tuple[int, ...]:
        """The window's step."""
        return self.window.strides

    @property
    def dilation_rate(self) -> tuple[int, ...]:
        """The spacing of the window's cells."""
        return self.window.dilation_rate

    @property
    def padding(self) -> str:
        """ "valid", "same" or "causal"."""
        return self.window.padding

    @property
    def data_format(self) -> str:
        """ "channels_last" or "channels_first"."""
        return self.window.data_format

    def _refuse_dilated_steps(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise errors.value_error(
                f"`strides` and `dilation_rate` of {type(self).__name__}",
                expected="at most one of them above 1",
                received=errors.Said(f"strides={self.strides}, dilation_rate={self.dilation_rate}"),
            )

    def _settle_channels(self, input_shape: Any) -> int:
        """The input's channels, which must be known, and which later inputs must have."""
        axis = -1 if self.window.channels_last else 1
        channels = arguments.known_dimension(self.name, input_shape, axis)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        self.compute_output_shape(input_shape)
        return channels

    def _add_kernel(self, name: str, shape: tuple[int, ...], layout: Layout, prefix: str = "kernel") -> Variable:
        weight = self.add_weight(
            shape=shape,
            initializer=getattr(self, f"{prefix}_initializer"),
            regularizer=getattr(self, f"{prefix}_regularizer"),
            constraint=getattr(self, f"{prefix}_constraint"),
            name=name,
            layout=layout,
        )
        memory_format = _FORMATS.get(weight.ndim)
        if self.window.channels_last and memory_format is not None:
            weight.data = weight.data.contiguous(memory_format=memory_format)
        return weight

    def _add_bias(self, size: int) -> Variable | None:
        return self._add_kernel("bias", (size,), SAME, "bias") if self.use_bias else None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": arguments.activation_config(self.activation),
            "use_bias": self.use_bias,
            **arguments.written(
                self, "bias_initializer", "bias_regularizer", "activity_regularizer", "bias_constraint"
            ),
        }
