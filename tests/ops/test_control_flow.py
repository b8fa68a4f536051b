"""Conditions and loops against real Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch

from kerastorch import ops
from tests.ops.parity import CUBE, F, G, same


@pytest.mark.parametrize("pred", [True, False, torch.tensor(True), np.array([False])])
def test_cond(pred: object) -> None:
    assert ops.cond(pred, lambda: 1, lambda: 2) == (1 if bool(np.asarray(pred).all()) else 2)


@pytest.mark.parametrize("index", [-1, 0, 1, 5, torch.tensor(1)])
def test_switch(index: object) -> None:
    branches = [lambda x: x, lambda x: 2 * x]
    assert ops.switch(index, branches, 3) == keras.ops.switch(index, branches, 3)


@pytest.mark.parametrize("limit", [None, 3])
def test_while_loop(limit: int | None) -> None:
    def run(namespace: object) -> object:
        return namespace.while_loop(lambda i, x: i < 5, lambda i, x: (i + 1, x * 2), (0, torch.tensor(F)), limit)

    same(run(ops), run(keras.ops), 1e-6)
    assert int(ops.while_loop(lambda i: i < 4, lambda i: i + 1, 0)) == 4


def test_fori_loop_and_map() -> None:
    assert ops.fori_loop(1, 4, lambda i, v: v * i, 1) == keras.ops.fori_loop(1, 4, lambda i, v: v * i, 1)
    same(ops.map(lambda x: x * 2, CUBE), keras.ops.map(lambda x: x * 2, CUBE), 1e-6)
    same(ops.vectorized_map(lambda x: x.sum(), CUBE), torch.tensor(CUBE).sum((1, 2)), 1e-5)
    pairs = ops.map(lambda x: x["a"] + x["b"], {"a": F, "b": G})
    np.testing.assert_allclose(pairs, F + G)


@pytest.mark.parametrize("reverse", [False, True])
def test_scan(reverse: bool) -> None:
    def step(carry: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return carry + x, carry * x

    start = torch.zeros(4)
    same(ops.scan(step, start, F, reverse=reverse), keras.ops.scan(step, start, F, reverse=reverse), 1e-6)
    counted = ops.scan(lambda c, _: (c + 1, None), torch.tensor(0), length=3)
    same(counted, keras.ops.scan(lambda c, _: (c + 1, None), torch.tensor(0), length=3), 1e-6)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_associative_scan(reverse: bool, axis: int, length: int) -> None:
    x = np.arange(3.0 * length, dtype="float32").reshape((length, 3) if axis == 0 else (3, length)) % 7
    expected = np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)
    np.testing.assert_allclose(ops.associative_scan(lambda a, b: a + b, x, reverse=reverse, axis=axis), expected)


def test_associative_scan_of_a_structure() -> None:
    def combine(a: tuple[torch.Tensor, ...], b: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return a[0] * b[0], a[1] * b[0] + b[1]

    same(ops.associative_scan(combine, (F, G)), keras.ops.associative_scan(combine, (F, G)), 1e-5)


def test_vectorize_broadcasts_and_leaves_arguments_out() -> None:
    add = ops.vectorize(lambda a, b: a + b)
    np.testing.assert_allclose(add(F, G[:1]), F + G[:1])
    dot = ops.vectorize(torch.dot, signature="(n),(n)->()")
    np.testing.assert_allclose(dot(CUBE, F[0]), CUBE @ F[0], rtol=1e-5)
    scaled = ops.vectorize(lambda a, k: a * k["by"], excluded=[1])
    np.testing.assert_allclose(scaled(F, {"by": 3}), F * 3)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="one of them"):
        ops.scan(lambda c, x: (c, x), 0)
    with pytest.raises(TypeError, match="a function"):
        ops.scan(3, 0, F)
    with pytest.raises(TypeError, match="a function"):
        ops.associative_scan(3, F)
    with pytest.raises(ValueError, match="one length"):
        ops.associative_scan(lambda a, b: a, (F, G[:1]))
