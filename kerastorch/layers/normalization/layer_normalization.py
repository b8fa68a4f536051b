"""`LayerNormalization`, on torch's kernel."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.layers import arguments
from kerastorch.nn.layer import Layer


class AlongAxes(Layer):
    """Base of layers that normalize each sample along some of its axes.

    Attributes:
        axis: One axis or a list of them.
        normalized_shape: The sizes along them, in ascending order of the axes.
    """

    supports_masking = True
    axis: Any
    normalized_shape: tuple[int, ...]

    def _set_axes(self, axis: Any) -> None:
        self.axis = arguments.axes(f"`axis` of {type(self).__name__}", axis)

    def _resolve_axes(self, input_shape: Any) -> None:
        """Note the sizes along the axes, and the order of dimensions that puts them last unless they are last."""
        rank = len(input_shape)
        wanted = [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        sizes = [arguments.known_dimension(self.name, input_shape, axis) for axis in wanted]
        axes = [axis % rank for axis in wanted]
        if len(set(axes)) < len(axes):
            raise errors.value_error(f"`axis` of layer {self.name!r}", expected="each axis once", received=self.axis)
        self.normalized_shape = tuple(sizes)
        order = [axis for axis in range(rank) if axis not in axes] + axes
        self._order = None if order == list(range(rank)) else order
        self._back = sorted(range(rank), key=order.__getitem__)

    def call(self, inputs: Tensor) -> Tensor:
        """The normalized input."""
        if self._order is None:
            return self._normalize(inputs)
        return self._normalize(inputs.permute(self._order)).permute(self._back)

    def _normalize(self, inputs: Tensor) -> Tensor:
        """Normalize along the last dimensions."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        arguments.check_axes(self.name, self.axis, input_shape)
        return input_shape


@registry.register("layers")
class LayerNormalization(AlongAxes):
    """Gives each sample mean 0 and variance 1 along some axes, then a trained scale and shift.

    From Ba, Kiros and Hinton, 2016 (https://arxiv.org/abs/1607.06450).

    Args:
        axis: The axis or axes.
        epsilon: Added to the variance.
        center: Whether there is a shift `beta`.
        scale: Whether there is a scale `gamma`.
        beta_initializer, gamma_initializer: How they start.
        beta_regularizer, gamma_regularizer: Penalties.
        beta_constraint, gamma_constraint: Projections after each update.
        **kwargs: `name`, `dtype`, `trainable`; `rms_scaling=True` of older scripts divides by the standard deviation
            without subtracting the mean.

    Shapes:
        Any, kept; `weight` and `bias` have the sizes along `axis`, as in `nn.LayerNorm`.

    Raises:
        TypeError: `axis` is no integer or list of integers.
        ValueError: `epsilon` is negative.

    Example:
        >>> LayerNormalization()(torch.tensor([[1.0, 3.0]])).round(decimals=2).tolist()
        [[-1.0, 1.0]]
    """

    weight: Tensor | None
    bias: Tensor | None

    def __init__(
        self,
        axis: Any = -1,
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
        self.rms_scaling = bool(kwargs.pop("rms_scaling", False))
        super().__init__(**kwargs)
        self._set_axes(axis)
        self.epsilon = arguments.not_negative("`epsilon` of LayerNormalization", epsilon)
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
        self._resolve_axes(input_shape)
        arguments.add_scale_and_shift(
            self,
            self.normalized_shape,
            scale=self.scale or self.rms_scaling,
            center=self.center and not self.rms_scaling,
        )

    @property
    def gamma(self) -> Tensor | None:
        """The scale."""
        return self.weight

    @property
    def beta(self) -> Tensor | None:
        """The shift."""
        return self.bias

    def _normalize(self, inputs: Tensor) -> Tensor:
        if not self.rms_scaling:
            return F.layer_norm(inputs, self.normalized_shape, self.weight, self.bias, self.epsilon)
        axes = tuple(range(-len(self.normalized_shape), 0))
        outputs = inputs * torch.rsqrt(inputs.var(axes, correction=0, keepdim=True) + self.epsilon)
        return outputs if self.weight is None else outputs * self.weight

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "rms_scaling": self.rms_scaling,
            **arguments.written(self, "beta_initializer", "gamma_initializer", "beta_regularizer"),
            **arguments.written(self, "gamma_regularizer", "beta_constraint", "gamma_constraint"),
        }
