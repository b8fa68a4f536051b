"""Symbolic tensors: shapes of everything that torch can do with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.nn.keras_tensor import KerasTensor, is_keras_tensor


def test_what_it_knows() -> None:
    x = KerasTensor((None, 3), dtype=torch.int32, name="x")
    assert (x.shape, x.dtype, x.ndim, x.name) == ((None, 3), "int32", 2, "x")
    assert repr(x) == "<KerasTensor shape=(None, 3), dtype=int32, name=x>"
    assert is_keras_tensor(x) and not is_keras_tensor(np.zeros(2))


FUNCTIONS: list[tuple[Any, tuple[Any, ...], str]] = [
    (lambda x: x + 1, (None, 4), "float32"),
    (lambda x: 1 / x, (None, 4), "float32"),
    (lambda x: 2**x - x % 3 // 1, (None, 4), "float32"),
    (lambda x: -abs(x), (None, 4), "float32"),
    (lambda x: (x > 0) & ~(x < 1) | (x >= 2) ^ (x <= 3), (None, 4), "bool"),
    (lambda x: x @ torch.zeros(4, 5), (None, 5), "float32"),
    (lambda x: torch.zeros(7, 1, 4) + x, (7, None, 4), "float32"),
    (lambda x: x[:, 1:], (None, 3), "float32"),
    (lambda x: x[:, 0], (None,), "float32"),
    (lambda x: x[..., None], (None, 4, 1), "float32"),
    (lambda x: torch.relu(x), (None, 4), "float32"),
    (lambda x: F.softmax(x, dim=-1), (None, 4), "float32"),
    (lambda x: torch.cat([x, x], 1), (None, 8), "float32"),
    (lambda x: torch.cat([x, x], 0), (None, 4), "float32"),
    (lambda x: torch.stack([x, x], 1), (None, 2, 4), "float32"),
    (lambda x: torch.einsum("bi,bi->b", x, x), (None,), "float32"),
    (lambda x: x.sum(dim=-1, keepdim=True), (None, 1), "float32"),
    (lambda x: x.mean(), (), "float32"),
    (lambda x: x.reshape(-1, 2, 2), (None, 2, 2), "float32"),
    (lambda x: x.permute(1, 0), (4, None), "float32"),
    (lambda x: x.to(torch.float16), (None, 4), "float16"),
    (lambda x: x.argmax(dim=1), (None,), "int64"),
    (lambda x: torch.where(x > 0, x, 0.0), (None, 4), "float32"),
    (lambda x: F.linear(x, torch.zeros(3, 4)), (None, 3), "float32"),
    (lambda x: x.flatten(), (None,), "float32"),
    (lambda x: torch.max(x, dim=1).indices, (None,), "int64"),
]


@pytest.mark.parametrize(("function", "shape", "dtype"), FUNCTIONS)
def test_shapes_and_dtypes(function: Any, shape: tuple[Any, ...], dtype: str) -> None:
    found = function(KerasTensor((None, 4)))
    assert isinstance(found, KerasTensor)
    assert (found.shape, found.dtype) == (shape, dtype)
    assert found.node is not None and found.node.inputs


@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    unknown=st.sets(st.integers(0, 3)),
    name=st.sampled_from(["relu", "sum_last", "transpose", "double", "pairs"]),
)
def test_symbolic_shapes_agree_with_real_ones(sizes: list[int], unknown: set[int], name: str) -> None:
    function = {
        "relu": torch.relu,
        "sum_last": lambda x: x.sum(dim=-1),
        "transpose": lambda x: x.transpose(0, -1),
        "double": lambda x: torch.cat([x, x], dim=-1),
        "pairs": lambda x: x.unsqueeze(0) + x.unsqueeze(1),
    }[name]
    real = function(torch.zeros(sizes)).shape
    symbolic = function(KerasTensor([None if i in unknown else n for i, n in enumerate(sizes)])).shape
    assert len(symbolic) == len(real)
    assert all(s in (None, r) for s, r in zip(symbolic, real, strict=True))
    if not unknown & set(range(len(sizes))):
        assert symbolic == tuple(real)


def test_several_results() -> None:
    a, b = torch.split(KerasTensor((None, 4)), [1, 3], dim=1)
    assert (a.shape, b.shape) == ((None, 1), (None, 3)) and a.node is b.node


def test_a_known_first_dimension_can_be_walked() -> None:
    rows = list(KerasTensor((3, 2)))
    assert [r.shape for r in rows] == [(2,)] * 3 and len(KerasTensor((3, 2))) == 3


@pytest.mark.parametrize(
    ("action", "match"),
    [
        (lambda x: bool(x), "condition"),
        (lambda x: np.asarray(x), "NumPy wants an array"),
        (lambda x: len(x), "known first dimension"),
        (lambda x: list(x), "known first dimension"),
    ],
)
def test_what_needs_values_is_refused(action: Any, match: str) -> None:
    with pytest.raises(TypeError, match=match):
        action(KerasTensor((None, 4)))


def test_unknown_attributes() -> None:
    x = KerasTensor((None, 4))
    with pytest.raises(AttributeError, match="`nothing_like_this` of a KerasTensor"):
        x.nothing_like_this
    assert not hasattr(x, "__array_interface__")


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"Cannot apply 'add'.*shape=\(None, 4\)"):
        KerasTensor((None, 4)) + KerasTensor((None, 5))


def test_a_computation_that_needs_values() -> None:
    with pytest.raises(ValueError, match="needs no values"):
        KerasTensor((None, 4)).item()
