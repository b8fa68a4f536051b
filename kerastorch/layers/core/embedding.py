"""`Embedding`: a vector for each whole number."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers import arguments
from kerastorch.nn.keras_tensor import KerasTensor
from kerastorch.nn.layer import Layer


@registry.register("layers")
class Embedding(Layer):
    """Looks up a trained vector for each index.

    Args:
        input_dim: The number of vectors: the largest index + 1.
        output_dim: The size of a vector.
        embeddings_initializer: How the vectors start; default "uniform".
        embeddings_regularizer: A penalty on them.
        embeddings_constraint: A projection after each update.
        mask_zero: Whether index 0 means padding; later layers then skip it (its mask is False).
        weights: First values instead of the initializer's: an array (input_dim, output_dim), or a list with it.
        lora_rank, lora_alpha, quantization_config: Must be None.
        **kwargs: `name`, `dtype`, `trainable`, `activity_regularizer`; `input_length` of older scripts is ignored.

    Shapes:
        Integers `(batch, ...)` -> `(batch, ..., output_dim)`.

    Raises:
        ValueError: A dimension is no positive integer.

    Example:
        >>> layer = Embedding(4, 2, weights=[[[0.0, 0.0], [1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]])
        >>> layer(torch.tensor([[1, 3]])).tolist()
        [[[1.0, 2.0], [5.0, 6.0]]]
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("input_length", None)
        self.supports_masking = self.makes_masks = bool(mask_zero)
        super().__init__(**{"autocast": False, **kwargs})  # indices must not lose digits
        arguments.unsupported(
            "Embedding", lora_rank=lora_rank, lora_alpha=lora_alpha, quantization_config=quantization_config
        )
        self.input_dim = arguments.positive_integer("`input_dim` of Embedding", input_dim)
        self.output_dim = arguments.positive_integer("`output_dim` of Embedding", output_dim)
        self.mask_zero = bool(mask_zero)
        arguments.settle(
            self,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
        )
        if weights is not None:
            self.build(None)
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def _follow(self, dtype: Any) -> None:
        super()._follow(dtype)
        self._output_dtype = self.dtype_policy.torch_compute_dtype if self.dtype_policy.is_mixed else None

    def build(self, input_shape: Any = None) -> None:
        """Make the vectors; the input's shape plays no part."""
        if not self.built:
            self.weight = self.add_weight(
                shape=(self.input_dim, self.output_dim),
                initializer=self.embeddings_initializer,
                regularizer=self.embeddings_regularizer,
                constraint=self.embeddings_constraint,
                name="embeddings",
            )

    @property
    def embeddings(self) -> Tensor:
        """The vectors, (input_dim, output_dim)."""
        return self.weight

    def call(self, inputs: Tensor) -> Tensor:
        """The vector of each index."""
        if inputs.dtype is not torch.int64 and inputs.dtype is not torch.int32:
            inputs = inputs.to(torch.int64)
        outputs = F.embedding(inputs, self.weight)
        return outputs if self._output_dtype is None else outputs.to(self._output_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True where the index is not 0; None without `mask_zero`."""
        return inputs != 0 if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape and `output_dim`."""
        return (*input_shape, self.output_dim)

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        """A symbolic tensor of that shape."""
        if not self.built:
            self.build(inputs.shape)
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            **arguments.written(self, "embeddings_initializer", "embeddings_regularizer"),
            **arguments.written(self, "activity_regularizer", "embeddings_constraint"),
            "mask_zero": self.mask_zero,
        }
