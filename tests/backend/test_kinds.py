"""`keras.backend`: names start again, dtypes are asked about."""

from __future__ import annotations

import gc
import weakref

import pytest

from kerastorch import backend, layers


def test_automatic_names_start_again() -> None:
    first = layers.Dense(1).name
    assert layers.Dense(1).name != first
    backend.clear_session()
    assert layers.Dense(1).name == first


@pytest.mark.parametrize("free_memory", [True, False])
def test_garbage_is_collected_when_asked(free_memory: bool) -> None:
    class Node:
        pass

    gc.collect()
    gc.disable()
    try:
        node = Node()
        node.itself = node  # type: ignore[attr-defined]
        seen = weakref.ref(node)
        del node
        backend.clear_session(free_memory=free_memory)
        assert (seen() is None) is free_memory
    finally:
        gc.enable()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "bfloat16", "float16", "float32", "float64"])
def test_kinds_of_dtypes_like_keras(dtype: str) -> None:
    import keras

    assert backend.is_float_dtype(dtype) == keras.backend.is_float_dtype(dtype)
    assert backend.is_int_dtype(dtype) == keras.backend.is_int_dtype(dtype)


def test_settings_are_those_of_config() -> None:
    import keras

    assert backend.epsilon() == keras.backend.epsilon()
    assert backend.floatx() == keras.backend.floatx()
    assert backend.image_data_format() == keras.backend.image_data_format()
    assert backend.backend() == "torch"


def test_get_uid_counts() -> None:
    first = backend.get_uid("dense_of_test")
    assert backend.get_uid("dense_of_test") == first + 1
