"""Initializers of matrices: the identity and random orthogonal ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch import random
from kerastorch.base import errors, registry
from kerastorch.initializers.initializer import Initializer, RandomInitializer, resolve_dtype


@registry.register("initializers", "identity", "IdentityInitializer")
class Identity(Initializer):
    """A multiple of the identity matrix, for weights of two dimensions.

    Args:
        gain: The number on the diagonal.

    Example:
        >>> Identity(2.0)((2, 2)).tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """The matrix.

        Raises:
            ValueError: `shape` does not have two dimensions.
        """
        if len(shape) != 2:
            raise errors.value_error("`shape` of Identity", expected="two dimensions", received=tuple(shape))
        return self.gain * torch.eye(shape[0], shape[1], dtype=resolve_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments (Keras leaves `gain` out: it is written where it matters)."""
        return {} if self.gain == 1.0 else {"gain": self.gain}


@registry.register("initializers", "orthogonal", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthogonal rows or columns; all dimensions but the last count as rows.

    From Saxe et al., 2014 (https://arxiv.org/abs/1312.6120).

    Args:
        gain: The length of the rows or columns.
        seed: An integer, a `SeedGenerator`, or None for torch's global generator.

    Example:
        >>> matrix = Orthogonal()((3, 3))
        >>> bool(torch.allclose(matrix @ matrix.T, torch.eye(3), atol=1e-5))
        True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """The matrix in `shape`.

        Raises:
            ValueError: `shape` has fewer than two dimensions.
        """
        if len(shape) < 2:
            raise errors.value_error("`shape` of Orthogonal", expected="two or more dimensions", received=tuple(shape))
        rows, columns = math.prod(shape[:-1]), shape[-1]
        wanted = resolve_dtype(dtype)
        # QR exists in single and double precision only
        worked = wanted if wanted in (torch.float32, torch.float64) else torch.float32
        drawn = random.normal((max(rows, columns), min(rows, columns)), dtype=worked, seed=self.seed)
        q, r = torch.linalg.qr(drawn)
        matrix: Tensor = q * torch.sign(torch.diagonal(r))
        return (self.gain * (matrix.T if rows < columns else matrix).reshape(tuple(shape))).to(wanted)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "gain": self.gain}
