"""`keras.Initializer`: the base class of initializers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from kerastorch import random
from kerastorch.base import dtypes, errors, policy, registry, serialization

Self = TypeVar("Self", bound="Initializer")


@registry.register("initializers")
class Initializer:
    """A callable that makes the first value of a weight. Subclass it and write `__call__(shape, dtype=None)`.

    Example:
        >>> class Twos(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return torch.full(shape, 2.0)
        >>> Twos()((2,))
        tensor([2., 2.])
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """A first value.

        Args:
            shape: The shape, in Keras's layout.
            dtype: The dtype; default `floatx()`.

        Returns:
            A tensor.
        """
        raise NotImplementedError(
            errors.message(
                f"Initializer {type(self).__name__}",
                expected="a method `__call__(self, shape, dtype=None)`",
                received=errors.Said("a class without one"),
            )
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls: type[Self], config: dict[str, Any]) -> Self:
        """Make an initializer from `get_config`'s result."""
        return cls(**config)

    def clone(self: Self) -> Self:
        """Another initializer with the same arguments."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """The base of random initializers.

    Args:
        seed: An integer (every call gives the same numbers), a `SeedGenerator` or its config (each call gives new
            ones), or None for torch's global generator.

    Raises:
        ValueError: `seed` is of another kind.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, dict):
            seed = serialization.deserialize_keras_object(seed)
        if seed is not None and (not isinstance(seed, (int, random.SeedGenerator)) or isinstance(seed, bool)):
            raise errors.value_error(
                f"`seed` of {type(self).__name__}", expected="an integer, a SeedGenerator or None", received=seed
            )
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"seed": serialization.serialize_keras_object(self.seed)}


def resolve_dtype(dtype: Any) -> torch.dtype:
    """The torch dtype of an initializer's `dtype` argument; None means `floatx()`."""
    return dtypes.torch_dtype(dtype or policy.floatx())
