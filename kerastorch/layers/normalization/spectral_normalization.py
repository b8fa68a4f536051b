"""`SpectralNormalization`: keeps the largest singular value of a layer's weight near 1."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.initializers import TruncatedNormal
from kerastorch.layers import arguments
from kerastorch.layers.core.wrapper import Wrapper
from kerastorch.nn.spec import InputSpec
from kerastorch.nn.variable import Variable


@registry.register("layers")
class SpectralNormalization(Wrapper):
    """Divides a layer's weight by its largest singular value before every call in training mode.

    From Miyato et al., 2018 (https://arxiv.org/abs/1802.05957). The singular value is estimated by power iteration.

    Args:
        layer: A layer with a `kernel` or with `embeddings`.
        power_iterations: How many iterations a call makes.
        **kwargs: `name`, `dtype`, `trainable`.

    Shapes:
        Those of `layer`.

    Raises:
        ValueError: `power_iterations` is not positive, or the layer has no such weight.

    Example:
        >>> from kerastorch.layers.core.dense import Dense
        >>> SpectralNormalization(Dense(3))(torch.ones(2, 4), training=True).shape
        torch.Size([2, 3])
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = arguments.positive_integer(
            "`power_iterations` of SpectralNormalization", power_iterations
        )

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside and make the vector of the power iteration."""
        super().build(input_shape)
        self.weight = self._target()  # the same variable under a second name: Keras's files hold it in both places
        self.vector_u = self.add_weight(
            shape=(1, self.weight.keras_layout.to_keras(self.weight).shape[-1]),
            initializer=TruncatedNormal(stddev=0.02),
            trainable=False,
            name="vector_u",
            dtype=self.weight.dtype,
        )
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})

    def _target(self) -> Variable:
        for variable in self.layer._parameters.values():
            if isinstance(variable, Variable) and variable.name in ("kernel", "embeddings"):
                return variable
        raise errors.value_error(
            "`layer` of SpectralNormalization", expected="a layer with a `kernel` or `embeddings`", received=self.layer
        )

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """What the layer inside makes of the input."""
        if training:
            self._rescale()
        return self.layer(inputs)

    @torch.no_grad()
    def _rescale(self) -> None:
        weight = self.weight
        rows = weight.keras_layout.to_keras(weight).reshape(-1, self.vector_u.shape[-1])
        u: Tensor = self.vector_u
        for _ in range(self.power_iterations):
            v = _unit(u @ rows.T)
            u = _unit(v @ rows)
        sigma = (v @ rows @ u.T).reshape(())
        empty = (weight == 0).all()  # a weight of zeros stays as it is
        self.vector_u.copy_(torch.where(empty, self.vector_u, u))
        weight.div_(torch.where(empty, torch.ones_like(sigma), sigma))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The layer's."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "power_iterations": self.power_iterations}


def _unit(x: Tensor) -> Tensor:
    return x / x.norm().clamp_min(1e-7)
