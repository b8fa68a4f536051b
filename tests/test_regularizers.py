"""Penalties on weights and outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import regularizers

CASES: list[tuple[str, dict[str, Any]]] = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.3}),
    ("L1L2", {"l2": 0.3}),
    ("L1L2", {"l1": 0.1, "l2": 0.3}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.3, "mode": "columns"}),
]


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.parametrize("shape", [(4, 5), (5, 2)])
def test_keras_parity(name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    import keras

    ours, theirs = getattr(regularizers, name)(**arguments), getattr(keras.regularizers, name)(**arguments)
    x = torch.randn(shape, requires_grad=True)
    torch.testing.assert_close(ours(x), theirs(x), rtol=2e-6, atol=1e-7)
    if theirs(x).requires_grad:
        torch.testing.assert_close(torch.autograd.grad(ours(x), x), torch.autograd.grad(theirs(x), x))
    config = theirs.get_config()
    assert ours.get_config().keys() == config.keys()
    assert regularizers.deserialize(keras.regularizers.serialize(theirs)).get_config() == config
    assert type(keras.regularizers.deserialize(regularizers.serialize(ours))).__name__ == name
    assert ours(np.ones(shape, "float32")).dtype == torch.float32


@pytest.mark.parametrize("name", ["L1", "l1", "l2", "L1L2", "l1l2", "l1_l2", "orthogonal_regularizer"])
def test_names_of_keras(name: str) -> None:
    import keras

    wanted = getattr(keras.regularizers, name, keras.regularizers.L1L2)
    assert type(regularizers.get(name)).__name__ == wanted.__name__
    assert name == "l1l2" or getattr(regularizers, name).__name__ == wanted.__name__


def test_own_regularizers() -> None:
    class Mine(regularizers.Regularizer):
        pass

    assert Mine()(torch.ones(2)) == 0.0 and regularizers.get(None) is None
    with pytest.raises(NotImplementedError, match="a method `get_config"):
        Mine().get_config()


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "0.1", True])
def test_bad_factors(value: Any) -> None:
    for make in (regularizers.L1, regularizers.L2, regularizers.L1L2, regularizers.OrthogonalRegularizer):
        with pytest.raises(ValueError, match="a finite number >= 0"):
            make(value)


def test_other_bad_arguments() -> None:
    with pytest.raises(ValueError, match="Did you mean 'rows'"):
        regularizers.OrthogonalRegularizer(mode="row")
    with pytest.raises(ValueError, match=r"two dimensions, received a tensor of shape \(2, 2, 2\)"):
        regularizers.OrthogonalRegularizer()(torch.ones(2, 2, 2))
    with pytest.raises(ValueError, match="Did you mean 'L2'"):
        regularizers.get("L22")
