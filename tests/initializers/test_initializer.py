"""The base classes of initializers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import initializers
from kerastorch.base import policy
from kerastorch.initializers.initializer import resolve_dtype


class Twos(initializers.Initializer):
    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def __call__(self, shape: Any, dtype: Any = None) -> torch.Tensor:
        return torch.full(tuple(shape), 2.0 * self.factor)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor}


def test_a_users_initializer() -> None:
    assert Twos(3.0).clone()((2,)).tolist() == [6.0, 6.0]
    assert initializers.deserialize(initializers.serialize(Twos(3.0)), {"Twos": Twos}).factor == 3.0


def test_a_class_without_call() -> None:
    with pytest.raises(NotImplementedError, match="a method `__call__"):
        initializers.Initializer()((2,))


def test_floatx_is_the_default() -> None:
    assert resolve_dtype(None) == torch.float32
    policy.set_floatx("float64")
    assert initializers.GlorotUniform()((2, 2)).dtype == torch.float64
