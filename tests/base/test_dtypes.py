"""Dtype names as Keras writes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch.base import dtypes


@pytest.mark.parametrize("name", sorted(dtypes.NAMES))
def test_there_and_back(name: str) -> None:
    assert dtypes.dtype_name(dtypes.torch_dtype(name)) == name
    assert dtypes.torch_dtype(dtypes.NAMES[name]) is dtypes.NAMES[name]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (torch.float32, "float32"),
        (np.float16, "float16"),
        (np.dtype("int32"), "int32"),
        (float, "float32"),
        (int, "int64"),
        (bool, "bool"),
        ("double", "float64"),
        ("torch.int64", "int64"),
        ("half", "float16"),
        ("string", "string"),
        (np.zeros(1, "uint8").dtype, "uint8"),
    ],
)
def test_spellings(written: Any, name: str) -> None:
    assert dtypes.dtype_name(written) == name


@pytest.mark.parametrize("wrong", ["floot32", "", "int7", object(), torch.complex32])
def test_unknown_dtypes(wrong: Any) -> None:
    with pytest.raises(ValueError, match="Unknown dtype"):
        dtypes.dtype_name(wrong)


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(ValueError, match="Did you mean 'float32'"):
        dtypes.torch_dtype("flot32")


def test_strings_are_no_tensors() -> None:
    with pytest.raises(ValueError, match="a numeric dtype"):
        dtypes.torch_dtype("string")
