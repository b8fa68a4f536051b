"""Operators, functions and methods of the graph."""

from __future__ import annotations

from typing import Any

import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.convert import network
from tests.convert.running import check_format, same


def test_operators() -> None:
    x = inputs = keras.Input((4, 6))
    y = 1 - layers.Dense(4)(x)
    y = 2 / (y * y + 1)
    y = -(y**2) % 3
    y = (y > 0.2) * y + abs(y)
    y = y @ torch.ones(4, 4) + torch.arange(4.0)
    source = same(
        keras.Model(inputs, [y, y[:, 1:3, ::2], y[..., 0], y != y.T if False else y >= 0]), torch.randn(2, 4, 6)
    )
    check_format(source.file())


def test_torch_functions_and_methods() -> None:
    inputs = keras.Input((4, 6))
    x = layers.Dense(4)(inputs)
    stacked = torch.stack([x, x * 2], dim=-1).sum(-1)
    a, b = torch.split(stacked, 2, dim=1)
    outputs = [
        x.mean(dim=1, keepdim=True),
        a + b,
        torch.max(stacked, dim=1).values,
        torch.where(stacked > 0, stacked, 0.1 * stacked),
        torch.einsum("bij,bkj->bik", x, stacked),
        torch.nn.functional.normalize(x.transpose(1, 2).reshape(-1, 16), dim=1),
        torch.cat([a, b], 1),
        torch.linalg.norm(x, dim=-1),
        torch.nn.functional.gelu(x),
    ]
    source = same(keras.Model(inputs, outputs), torch.randn(2, 4, 6))
    assert ", dim=1)\n" in source.text
    check_format(source.file())


def test_images_keep_their_order() -> None:
    inputs = keras.Input((5, 5, 3))
    a, b = layers.Conv2D(4, 1)(inputs), layers.Conv2D(4, 1)(inputs)
    source = same(keras.Model(inputs, layers.GlobalMaxPooling2D()(a * 2 + b - a / (b + 9))), torch.randn(2, 5, 5, 3))
    assert source.text.count("permute") == 1
    same(keras.Model(inputs, [a[:, 1:, :2], a + inputs[..., :1], a.mean(dim=-1)]), torch.randn(2, 5, 5, 3))


def test_constants() -> None:
    inputs = keras.Input((100,))
    parameter = torch.nn.Parameter(torch.ones(100))
    model = keras.Model(inputs, inputs * torch.arange(100.0) + parameter + torch.ones(100)[:1])

    source = network(model)
    assert len(source.notes) == 2 and "fill it in" in source.notes[0] and "parameter" in source.notes[1]
    assert set(source.text.split()) > {'self.register_buffer("constant",', "self.constant_1"}


def own(x: Any) -> Any:
    """A user's function on tensors: torch sees through it."""
    return torch.sin(x) + 1


def test_a_users_function_is_recorded_as_what_it_calls() -> None:
    inputs = keras.Input((3,))
    assert "torch.sin" in same(keras.Model(inputs, own(inputs)), torch.randn(2, 3)).text
