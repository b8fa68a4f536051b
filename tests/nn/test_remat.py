"""Rematerialization: the same values and gradients, less kept."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import kerastorch as keras


def _run(f: object, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, int]:
    kept: list[torch.Size] = []
    x = x.clone().requires_grad_()
    torch.manual_seed(1)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (kept.append(t.shape), t)[1], lambda t: t):
        y = f(x)  # type: ignore[operator]
    y.sum().backward()
    assert x.grad is not None
    return y.detach(), x.grad, len(kept)


def test_values_and_gradients_are_the_same_and_less_is_kept() -> None:
    net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(0.5), nn.Linear(16, 4))
    x = torch.randn(8, 4)
    expected, found = _run(net, x), _run(keras.remat(net), x)
    assert torch.equal(found[0], expected[0]) and torch.equal(found[1], expected[1])
    assert found[2] < expected[2]


def test_a_layer_may_use_it_within_a_model() -> None:
    class Wide(keras.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(4, activation="tanh")
            self.inner = keras.remat(self.dense)

        def build(self, shape: object) -> None:
            self.dense.build(shape)

        def call(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x)

    model = keras.Sequential([keras.Input((3,)), Wide(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(torch.randn(16, 3), torch.randn(16, 1), verbose=0)
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def test_symbolic_calls_and_bad_arguments() -> None:
    outputs = keras.remat(lambda x: x * 2)(keras.Input((3,)))
    assert outputs.shape == (None, 3)
    with torch.no_grad():
        assert keras.remat(torch.sin)(torch.zeros(1)).item() == 0.0
    with pytest.raises(TypeError, match="`f` of remat"):
        keras.remat(3)  # type: ignore[arg-type]
