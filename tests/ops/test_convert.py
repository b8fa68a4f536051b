"""Conversion to tensors and the dtype rules, against Keras's `convert_to_tensor` and operators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch.ops import _convert as convert

VALUES = [
    1, -1, 2**40, 1.5, True, [1, 2], [1.5, 2], [True, False], [True, 2], [[1.0], [2.0]], [], (1, 2),
    np.ones(2), np.ones(2, "float16"), np.ones(2, "uint16"), np.ones(2, "uint32"), np.ones(2, "int8"), np.float64(2),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_become_tensors_like_keras(value: Any) -> None:
    import keras

    ours, theirs = convert.to_tensor(value), keras.ops.convert_to_tensor(value)
    np.testing.assert_array_equal(ours.numpy(), theirs.cpu().numpy())
    assert ours.dtype is theirs.dtype


def test_tensors_stay_themselves() -> None:
    tensor = torch.ones(2)
    assert convert.to_tensor(tensor) is tensor
    assert convert.to_tensor(tensor, "float64").dtype is torch.float64
    stacked = convert.to_tensor([tensor, tensor * 2], "float16")
    assert stacked.shape == (2, 2) and stacked.dtype is torch.float16


def test_arrays_are_copied() -> None:
    array = np.zeros(2, "float32")
    tensor = convert.to_tensor(array)
    array[0] = 1.0
    assert tensor.tolist() == [0.0, 0.0]
    back = convert.to_numpy(tensor)
    back[0] = 5.0
    assert tensor.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("value", ["text", ["a", "b"], [[1], [1, 2]], object(), None, {"a": 1}])
def test_what_holds_no_numbers_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="xpected"):
        convert.to_tensor(value)


def test_bfloat16_goes_out_as_float32() -> None:
    assert convert.to_numpy(torch.ones(2, dtype=torch.bfloat16)).dtype == np.float32
    assert convert.to_numpy([torch.ones(2), [2.0, 3.0]]).tolist() == [[1.0, 1.0], [2.0, 3.0]]


DTYPES = [torch.bool, torch.uint8, torch.int32, torch.int64, torch.float16, torch.bfloat16, torch.float32]


@pytest.mark.parametrize("second", DTYPES)
@pytest.mark.parametrize("first", DTYPES)
def test_promotion_like_keras(first: torch.dtype, second: torch.dtype) -> None:
    import keras

    theirs = keras.backend.result_type(str(first)[6:], str(second)[6:])
    wide = torch.int64 in (first, second) and {first, second} <= {torch.int64, torch.bool}  # int32 in Keras
    assert convert.promote(first, second) is (torch.int64 if wide else getattr(torch, theirs))


@pytest.mark.parametrize(
    ("tensor", "number", "dtype"),
    [
        (torch.bool, 1, torch.int32), (torch.bool, True, torch.bool), (torch.bool, 1.5, torch.float32),
        (torch.int64, 1, torch.int64), (torch.uint8, 1, torch.uint8), (torch.int32, 1.5, torch.float32),
        (torch.float16, 1.5, torch.float16), (torch.float16, 1, torch.float16), (torch.float64, 1j, torch.complex128),
        (torch.float32, 1j, torch.complex64), (torch.complex64, 1.5, torch.complex64),
    ],
)  # fmt: skip
def test_python_numbers_are_weak(tensor: torch.dtype, number: Any, dtype: torch.dtype) -> None:
    value = torch.ones(1, dtype=tensor)
    assert convert.common_dtype(value, number) is convert.common_dtype(number, value) is dtype
    assert [t.dtype for t in convert.pair(value, number)] == [dtype, dtype]


def test_small_kinds() -> None:
    assert convert.as_float(torch.ones(1, dtype=torch.int8)).dtype is torch.float32
    assert convert.as_float(torch.ones(1, dtype=torch.float16)).dtype is torch.float16
    assert convert.widen(torch.ones(1, dtype=torch.uint8)).dtype is torch.int32
    assert convert.widen(torch.ones(1, dtype=torch.int64)).dtype is torch.int64
    assert convert.no_bool(torch.ones(1, dtype=torch.bool)).dtype is torch.int32
    assert convert.is_integral(torch.ones(1, dtype=torch.bool)) and not convert.is_integral(torch.ones(1))
    assert convert.numbers_of(np.array([1, 2])) == convert.numbers_of(torch.tensor([1, 2])) == [1, 2]
    assert convert.pair(torch.tensor(1), 2, floating=True)[0].dtype is torch.float32


def test_an_integer_beside_a_bool_is_int32_on_both_sides() -> None:
    flags = torch.tensor([True])
    left, right = convert.operands(flags, 2), convert.operands(2, flags)
    assert left[0].dtype is right[1].dtype is torch.int32
    assert convert.operands(1.5, flags)[1] is flags and isinstance(convert.operands([1], flags)[0], list)
    assert isinstance(convert.operands([1, 2], 3)[0], torch.Tensor)
