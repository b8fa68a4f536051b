"""How refusals are phrased."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.base import errors
from kerastorch.nn.keras_tensor import KerasTensor


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.zeros((2, 3), "int8"), "an array of shape (2, 3) and dtype int8"),
        (torch.zeros(2, dtype=torch.bfloat16), "a tensor of shape (2,) and dtype bfloat16"),
        ("adam", "'adam'"),
        (None, "None"),
        ([1, 2], "[1, 2]"),
        (int, "the class int"),
        (object(), "an object of type object"),
    ],
)
def test_describe(value: Any, said: str) -> None:
    assert errors.describe(value) == said


def test_describe_shortens() -> None:
    assert len(errors.describe("x" * 1000, limit=20)) == 20


def test_describe_symbolic_tensors() -> None:
    assert errors.describe(KerasTensor((None, 3), name="x")) == "<KerasTensor shape=(None, 3), dtype=float32, name=x>"


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s), max_leaves=20
    )
)
def test_describe_anything(value: Any) -> None:
    assert 0 < len(errors.describe(value)) <= 120


def test_message() -> None:
    text = errors.message("`x`", expected="a number", received=errors.Said("nothing"), remedy="Pass one.")
    assert text == "`x`: expected a number, received nothing. Pass one."


@pytest.mark.parametrize(("make", "kind"), [(errors.value_error, ValueError), (errors.type_error, TypeError)])
def test_kinds(make: Any, kind: type) -> None:
    error = make("`x`", expected="a number", received="one")
    assert type(error) is kind and str(error) == "`x`: expected a number, received 'one'."


def test_did_you_mean() -> None:
    assert errors.did_you_mean("sparse_categorical_crossentrpy", ["mse", "sparse_categorical_crossentropy"]).startswith(
        "Did"
    )
    assert errors.did_you_mean("RELU", ["relu"]) == "Did you mean 'relu'?"
    assert errors.did_you_mean("zzz", ["relu"]) == ""


def test_unknown_name() -> None:
    text = str(errors.unknown_name("loss", "msee", ["mse", "mae"]))
    assert "Unknown loss" in text and "mae, mse" in text and "Did you mean 'mse'?" in text
    assert "register_keras_serializable" in str(errors.unknown_name("loss", "zzz", ["mse"]))


def test_unexpected_keywords() -> None:
    error = errors.unexpected_keywords("fit", ["epoch", "batchsize"], ["epochs", "batch_size"])
    assert type(error) is TypeError
    assert "arguments" in str(error) and "'epochs'" in str(error) and "'batch_size'" in str(error)
