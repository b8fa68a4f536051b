"""`standardize_dtype` and `result_type` beside Keras's."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import backend, config

NAMES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"]
NAMES += ["bfloat16", "float16", "float32", "float64", "complex64", "complex128"]
GIVEN = [*NAMES, int, float, None]


def told(home: Any, *given: Any) -> Any:
    """What `result_type` says, or that it refuses."""
    try:
        return home.backend.result_type(*given)
    except ValueError:
        return ValueError


@pytest.mark.parametrize("floatx", ["float32", "float16", "bfloat16"])
def test_all_pairs_like_keras(floatx: str) -> None:
    import keras

    import kerastorch

    config.set_floatx(floatx)
    keras.config.set_floatx(floatx)
    try:
        given = [(), *((g,) for g in GIVEN), *itertools.product(GIVEN, GIVEN)]
        differ = [(g, told(kerastorch, *g), told(keras, *g)) for g in given if told(kerastorch, *g) != told(keras, *g)]
    finally:
        keras.config.set_floatx("float32")
    assert not differ


def test_three_dtypes_like_keras() -> None:
    import keras

    some = ["bool", "uint8", "int8", "int32", "bfloat16", "float16", int, float]
    for given in itertools.product(some, some, some):
        assert backend.result_type(*given) == keras.backend.result_type(*given)


def test_other_spellings() -> None:
    assert backend.result_type(torch.float16, np.dtype("int8")) == "float16"
    assert backend.result_type(np.float64, torch.bfloat16) == "float32"


@pytest.mark.parametrize("given", [("float8_e4m3fn", "float32"), ("string", "float32"), ("floaty",)])
def test_what_gives_way_to_nothing_is_refused(given: Any) -> None:
    import keras

    with pytest.raises(ValueError):
        keras.backend.result_type(*given)
    with pytest.raises(ValueError, match="dtype"):
        backend.result_type(*given)


@pytest.mark.parametrize(
    "dtype",
    [None, "float32", "int", int, float, bool, str, complex, torch.float16, np.float32, np.dtype("int8"), "bfloat16"],
    ids=str,
)
def test_standard_names_like_keras(dtype: Any) -> None:
    import keras

    assert backend.standardize_dtype(dtype) == keras.backend.standardize_dtype(dtype)


def test_unknown_dtypes_are_refused() -> None:
    with pytest.raises(ValueError, match="Unknown dtype.*float3"):
        backend.standardize_dtype("float3")
