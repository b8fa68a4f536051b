"""An activation beside its twin in Keras: values, gradients, dtype, and one node of a symbolic graph."""

from __future__ import annotations

import importlib
from typing import Any

import torch

from kerastorch import activations
from kerastorch.nn.keras_tensor import KerasTensor

TOLERANCE = {"float32": 2e-6, "float64": 1e-12, "bfloat16": 4e-2}


def assert_parity(name: str, arguments: dict[str, Any], dtype: str) -> None:
    import keras

    ours, theirs = getattr(activations, name), getattr(keras.activations, name)
    edges = torch.tensor([-30.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0, 7.0, 30.0, 0.25])
    x = torch.cat([edges, 2 * torch.randn(84)]).reshape(4, 4, 6).to(getattr(torch, dtype)).requires_grad_()
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    got, wanted = ours(x, **arguments), theirs(x, **arguments)
    assert got.dtype == x.dtype
    torch.testing.assert_close(got, wanted.to(got.dtype), **tolerance)
    factor = torch.randn_like(got)
    gradients = [torch.autograd.grad(y, x, factor.to(y.dtype))[0] for y in (got * 1, wanted * 1)]
    torch.testing.assert_close(*gradients, **tolerance)
    if dtype == "float32" and name != "linear":
        importlib.import_module("kerastorch.nn.graph")  # which records
        recorded = ours(KerasTensor((None, 4, 6)), **arguments)
        assert recorded.shape == (None, *got.shape[1:]) and recorded.dtype == "float32"
