"""Initializers without chance: zeros, ones, constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import errors, registry, serialization
from kerastorch.initializers.initializer import Initializer, resolve_dtype


@registry.register("initializers", "zeros", "zero")
class Zeros(Initializer):
    """All zeros.

    Example:
        >>> Zeros()((2,))
        tensor([0., 0.])
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Zeros of `shape`."""
        return torch.zeros(tuple(shape), dtype=resolve_dtype(dtype))


@registry.register("initializers", "ones", "one")
class Ones(Initializer):
    """All ones.

    Example:
        >>> Ones()((2,))
        tensor([1., 1.])
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Ones of `shape`."""
        return torch.ones(tuple(shape), dtype=resolve_dtype(dtype))


@registry.register("initializers", "constant")
class Constant(Initializer):
    """A given value everywhere.

    Args:
        value: A number, or an array or tensor that is broadcast to the shape asked for.

    Example:
        >>> Constant(3.0)((2,))
        tensor([3., 3.])
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """The value in `shape`.

        Raises:
            ValueError: The value's shape does not fit.
        """
        value = self.value if isinstance(self.value, Tensor) else torch.from_numpy(np.array(self.value))
        result = torch.empty(tuple(shape), dtype=resolve_dtype(dtype))
        try:
            return result.copy_(value.detach())
        except RuntimeError:
            raise errors.value_error(
                "Value of the Constant initializer", expected=f"one that fits shape {tuple(shape)}", received=self.value
            ) from None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"value": serialization.serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        """Make an initializer from `get_config`'s result."""
        return cls(serialization.deserialize_keras_object(config["value"]))


registry.accept_values("initializers", Constant, np.ndarray, np.generic, Tensor)
