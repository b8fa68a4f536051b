"""`BatchNormalization`, on torch's kernels with Keras's statistics."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.config import epsilon as tiny
from kerastorch.layers import arguments
from kerastorch.layers.normalization.axes import channels_second
from kerastorch.nn.layer import Layer
from kerastorch.nn.spec import InputSpec
from kerastorch.runtime.collective import several_ranks, sum_over_ranks


@registry.register("layers")
class BatchNormalization(Layer):
    """Gives each channel mean 0 and variance 1 over the batch, then a trained scale and shift.

    In training mode the batch's own statistics are used and the moving averages follow them:
    `moving = momentum * moving + (1 - momentum) * batch`, with the biased variance (torch's own module takes the
    unbiased one, and calls `1 - momentum` momentum). In inference mode, or with `trainable = False`, the moving
    averages are used.

    Args:
        axis: The channels' axis.
        momentum: How slowly the moving averages follow.
        epsilon: Added to the variance.
        center: Whether there is a shift `beta`.
        scale: Whether there is a scale `gamma`.
        beta_initializer, gamma_initializer: How they start.
        moving_mean_initializer, moving_variance_initializer: How the moving averages start.
        beta_regularizer, gamma_regularizer: Penalties.
        beta_constraint, gamma_constraint: Projections after each update.
        renorm, renorm_clipping: Must be off.
        renorm_momentum: Not used.
        synchronized: Whether the statistics are those of all ranks of a distributed run together.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        Any, kept; `weight`, `bias`, `running_mean`, `running_var` are (channels,) as in `nn.BatchNorm2d`. A `mask` in
        the call has one dimension less than the input: steps where it is False do not count.

    Raises:
        ValueError: `momentum` is outside [0, 1] or `epsilon` is negative.

    Example:
        >>> layer = BatchNormalization()
        >>> layer(torch.tensor([[1.0], [3.0]]), training=True).round(decimals=2).tolist()
        [[-1.0], [1.0]]
        >>> round(float(layer.moving_mean), 4)
        0.02
    """

    supports_masking = True

    weight: Tensor | None
    bias: Tensor | None

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        del renorm_momentum
        arguments.unsupported("BatchNormalization", renorm=renorm, renorm_clipping=renorm_clipping)
        if isinstance(axis, (list, tuple)) and len(axis) == 1:
            (axis,) = axis  # as older files have it
        if not isinstance(axis, int):
            raise errors.type_error("`axis` of BatchNormalization", expected="an integer", received=axis)
        self.axis = axis
        self.momentum = float(arguments.fraction("`momentum` of BatchNormalization", momentum))
        self.epsilon = float(arguments.not_negative("`epsilon` of BatchNormalization", epsilon))
        self.center, self.scale, self.synchronized = center, scale, synchronized
        arguments.settle(
            self,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Make the scale, the shift and the moving averages."""
        channels = arguments.known_dimension(self.name, input_shape, self.axis)
        arguments.add_scale_and_shift(self, (channels,), scale=self.scale, center=self.center)
        self.running_mean = self.add_weight(
            shape=(channels,), initializer=self.moving_mean_initializer, trainable=False, name="moving_mean"
        )
        self.running_var = self.add_weight(
            shape=(channels,), initializer=self.moving_variance_initializer, trainable=False, name="moving_variance"
        )
        self._view = channels_second(self.axis, len(input_shape))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    @property
    def gamma(self) -> Tensor | None:
        """The scale, (channels,)."""
        return self.weight

    @property
    def beta(self) -> Tensor | None:
        """The shift, (channels,)."""
        return self.bias

    @property
    def moving_mean(self) -> Tensor:
        """The moving average of the mean, (channels,)."""
        return self.running_mean

    @property
    def moving_variance(self) -> Tensor:
        """The moving average of the biased variance, (channels,)."""
        return self.running_var

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        """The normalized input."""
        x = inputs if self._view is None else self._view.forward(inputs)
        outputs = self._normalize(x, mask, training=self.training if training is None else training)
        return outputs if self._view is None else self._view.back(outputs)

    def _normalize(self, x: Tensor, mask: Tensor | None, training: bool) -> Tensor:
        if not (training and self._trainable):
            return self._kernel(x, self.running_mean, self.running_var, False)
        count = x.numel() // x.shape[1]
        if mask is not None or count < 2 or self._is_shared():
            return self._normalize_by_hand(x, mask)
        before = self.running_var * self.momentum
        outputs = self._kernel(x, self.running_mean, self.running_var, True)
        # The kernel averages the unbiased variance, count / (count - 1) times the biased one. This takes the excess
        # off; `.data`, because autograd holds the averages although its backward does not read them.
        self.running_var.data.lerp_(before, 1.0 / count)
        return outputs

    def _kernel(self, x: Tensor, mean: Tensor, variance: Tensor, training: bool) -> Tensor:
        return torch.batch_norm(
            x,
            self.weight,
            self.bias,
            mean,
            variance,
            training,
            1.0 - self.momentum,
            self.epsilon,
            torch.backends.cudnn.enabled,
        )

    def _is_shared(self) -> bool:
        return self.synchronized and several_ranks()

    def _normalize_by_hand(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """With a mask, with the statistics of all ranks, or with a single value a channel."""
        dtype = x.dtype
        x = x.float() if dtype is not torch.float64 else x
        shape = (1, -1, *(1,) * (x.ndim - 2))
        mean, variance = self._moments(x, mask)
        with torch.no_grad():
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), 1.0 - self.momentum)
            self.running_var.lerp_(variance.to(self.running_var.dtype), 1.0 - self.momentum)
        factor = torch.rsqrt(variance + self.epsilon)
        factor = factor if self.weight is None else factor * self.weight
        outputs = (x - mean.view(shape)) * factor.view(shape)
        return (outputs if self.bias is None else outputs + self.bias.view(shape)).to(dtype)

    def _moments(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean and biased variance of each channel over what counts."""
        axes = [axis for axis in range(x.ndim) if axis != 1]
        counted = torch.ones_like(x, dtype=torch.bool) if mask is None else self._spread(mask, x)
        sums = torch.stack([torch.where(counted, x, 0).sum(axes), counted.sum(axes).to(x.dtype)])
        total, count = sum_over_ranks(sums) if self._is_shared() else sums
        count = count if mask is None else count + tiny()
        mean = total / count
        deviations = torch.where(counted, x - mean.view(1, -1, *(1,) * (x.ndim - 2)), 0).square().sum(axes)
        return mean, (sum_over_ranks(deviations) if self._is_shared() else deviations) / count

    def _spread(self, mask: Tensor, x: Tensor) -> Tensor:
        """A mask of the input's steps as a mask of all values of the channels-second `x`."""
        rank = x.ndim - int(self._view is not None and self._view.adds_dimension)
        if mask.ndim != rank - 1:
            raise errors.value_error(
                f"`mask` of layer {self.name!r}", expected=f"a mask of {rank - 1} dimensions", received=mask
            )
        last = mask.bool().unsqueeze(-1)
        return (last if self._view is None else self._view.forward(last)).expand(x.shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **arguments.written(self, "beta_initializer", "gamma_initializer"),
            **arguments.written(self, "moving_mean_initializer", "moving_variance_initializer"),
            **arguments.written(self, "beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"),
            "synchronized": self.synchronized,
        }
