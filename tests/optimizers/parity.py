"""Paths of an optimizer here and in real Keras, from the same start along the same gradients."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kerastorch import optimizers
from kerastorch.optimizers import Optimizer

STEPS = 50
SHAPES = ((4, 3), (3,), (2, 3, 2, 5))
COMMON: list[dict[str, Any]] = [
    {},
    {"weight_decay": 0.1},
    {"clipnorm": 0.5},
    {"global_clipnorm": 0.5},
    {"clipvalue": 0.05},
    {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 10},
    {"loss_scale_factor": 8.0},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 3, "use_ema": True, "ema_momentum": 0.5, "clipnorm": 0.5},
]
# The largest differences seen are 7e-6 (Adam and Nadam: Keras takes powers of beta in float32) and 2e-15.
TOLERANCE = {"float32": 1e-5, "float64": 1e-13}
# Keras's `maximum` and `mean` take numbers through float32 for float64 tensors too; the largest seen is 8e-8.
ROUNDED = 3e-7


def options(*own: dict[str, Any]) -> Any:
    """A parametrisation over what all optimizers have and `own` options, in both dtypes."""
    chosen = [*COMMON, *own]
    names = ["-".join(option) or "plain" for option in chosen]
    cases = [
        pytest.param(o, dtype, id=f"{n}-{dtype}") for o, n in zip(chosen, names, strict=True) for dtype in TOLERANCE
    ]
    return pytest.mark.parametrize(("options", "dtype"), cases)


def gradients(steps: int, seed: int = 0) -> list[list[np.ndarray]]:
    """Gradients of several sizes, some of them zero."""
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.uniform(-3, 1, size=(steps, len(SHAPES)))
    made = [[rng.normal(size=shape) * scale for shape, scale in zip(SHAPES, row, strict=True)] for row in scales]
    for grads in made[::7]:
        grads[0][0, 0] = 0.0
    return made


def start(seed: int = 1) -> list[np.ndarray]:
    """The first weights."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in SHAPES]


def ours(optimizer: Optimizer, dtype: str, by_hand: bool = False) -> list[list[np.ndarray]]:
    """The weights after every step."""
    params = [torch.nn.Parameter(torch.tensor(w.astype(dtype))) for w in start()]
    optimizer.build(params)
    path = []
    for grads in gradients(STEPS):
        tensors = [torch.tensor(g.astype(dtype)) for g in grads]
        if by_hand:
            optimizer.apply(tensors, params)
        else:
            for param, grad in zip(params, tensors, strict=True):
                param.grad = grad
            optimizer.step()
        path.append([p.detach().numpy().copy() for p in params])
    return path


def theirs(optimizer: Any, dtype: str) -> list[list[np.ndarray]]:
    """The weights of real Keras after every step."""
    variables = [keras.Variable(w.astype(dtype), dtype=dtype) for w in start()]
    path = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's arrays and NumPy 2
        optimizer.build(variables)
        for grads in gradients(STEPS):
            optimizer.apply([torch.tensor(g.astype(dtype)) for g in grads], variables)
            path.append([v.value.detach().numpy().copy() for v in variables])
    return path


def largest_difference(a: list[list[np.ndarray]], b: list[list[np.ndarray]]) -> float:
    """The largest difference of two weights, relative to the larger of 1 and the weight."""
    pairs = [(x, y) for left, right in zip(a, b, strict=True) for x, y in zip(left, right, strict=True)]
    return max(float((np.abs(x - y) / np.maximum(np.abs(y), 1.0)).max()) for x, y in pairs)


def check(name: str, options: dict[str, Any], dtype: str, rounded: bool = False) -> float:
    """Compare the paths of the optimizer called `name`; the learning rate is 0.05."""
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)  # Keras keeps the learning rate in floatx
    try:
        expected = theirs(getattr(keras.optimizers, name)(learning_rate=0.05, **options), dtype)
    finally:
        keras.config.set_floatx(before)
    by_hand = "gradient_accumulation_steps" in options
    path = ours(getattr(optimizers, name)(learning_rate=0.05, **options), dtype, by_hand)
    difference = largest_difference(path, expected)
    rounded = rounded or "clipnorm" in options or "global_clipnorm" in options
    assert difference < (max(ROUNDED, TOLERANCE[dtype]) if rounded else TOLERANCE[dtype])
    assert largest_difference(path[:1], path[-1:]) > 1e-4  # it moved
    return difference


def check_foreach(name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare the fused path with the one for devices and layouts that torch's fused kernels do not know."""
    make = getattr(optimizers, name)
    fused = ours(make(learning_rate=0.05, **options), "float64")
    monkeypatch.setattr("kerastorch.optimizers.core.FUSED_DEVICES", ())
    assert largest_difference(fused, ours(make(learning_rate=0.05, **options), "float64")) < 1e-13
