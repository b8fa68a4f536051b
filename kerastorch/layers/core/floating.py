"""Base of layers that multiply their input with float weights."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.nn.layer import Layer


class Floating(Layer):
    """A layer that takes integer inputs as floats, as Keras's type promotion does."""

    def _follow(self, dtype: Any) -> None:
        super()._follow(dtype)
        self._accepts = frozenset((self.dtype_policy.torch_compute_dtype,))

    def _to_tensor(self, leaf: Any) -> Any:
        leaf = super()._to_tensor(leaf)
        if isinstance(leaf, Tensor) and not leaf.is_floating_point() and not leaf.is_complex():
            return leaf.to(self.dtype_policy.torch_compute_dtype)
        return leaf
