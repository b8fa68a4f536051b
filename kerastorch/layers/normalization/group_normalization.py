"""`GroupNormalization`, on torch's kernel."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.layers import arguments
from kerastorch.layers.normalization.axes import channels_second
from kerastorch.nn.layer import Layer
from kerastorch.nn.spec import InputSpec


@registry.register("layers")
class GroupNormalization(Layer):
    """Gives groups of channels of each sample mean 0 and variance 1, then each channel a trained scale and shift.

    From Wu and He, 2018 (https://arxiv.org/abs/1803.08494).

    Args:
        groups: The number of groups; it divides the number of channels. -1 makes each channel a group.
        axis: The channels' axis.
        epsilon: Added to the variance.
        center: Whether there is a shift `beta`.
        scale: Whether there is a scale `gamma`.
        beta_initializer, gamma_initializer: How they start.
        beta_regularizer, gamma_regularizer: Penalties.
        beta_constraint, gamma_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        Any, kept; `weight` and `bias` are (channels,), as in `nn.GroupNorm`.

    Raises:
        ValueError: `groups` is neither positive nor -1, or (at the first call) does not divide the channels.

    Example:
        >>> import torch
        >>> GroupNormalization(groups=1)(torch.tensor([[1.0, 3.0]])).round(decimals=2).tolist()
        [[-1.0, 1.0]]
    """

    supports_masking = True

    weight: Tensor | None
    bias: Tensor | None

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.groups = groups if groups == -1 else arguments.positive_integer("`groups` of GroupNormalization", groups)
        if not isinstance(axis, int) or axis == 0:
            raise errors.value_error(
                "`axis` of GroupNormalization", expected="an axis other than the batch, 0", received=axis
            )
        self.axis = axis
        self.epsilon = arguments.not_negative("`epsilon` of GroupNormalization", epsilon)
        self.center, self.scale = center, scale
        arguments.settle(
            self,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Make the scale and the shift."""
        channels = arguments.known_dimension(self.name, input_shape, self.axis)
        groups = channels if self.groups == -1 else self.groups
        if channels % groups:
            raise errors.value_error(
                f"`groups` of layer {self.name!r}",
                expected=f"a divisor of the {channels} channels",
                received=groups,
                remedy="-1 makes each channel a group of its own.",
            )
        self._number = groups
        self._view = channels_second(self.axis, len(input_shape))
        arguments.add_scale_and_shift(self, (channels,), scale=self.scale, center=self.center)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    @property
    def gamma(self) -> Tensor | None:
        """The scale, (channels,)."""
        return self.weight

    @property
    def beta(self) -> Tensor | None:
        """The shift, (channels,)."""
        return self.bias

    def call(self, inputs: Tensor) -> Tensor:
        """The normalized input."""
        if self._view is None:
            return F.group_norm(inputs, self._number, self.weight, self.bias, self.epsilon)
        outputs = F.group_norm(self._view.forward(inputs), self._number, self.weight, self.bias, self.epsilon)
        return self._view.back(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "groups": self.groups,
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **arguments.written(self, "beta_initializer", "gamma_initializer", "beta_regularizer"),
            **arguments.written(self, "gamma_regularizer", "beta_constraint", "gamma_constraint"),
        }
