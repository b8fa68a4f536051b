"""Ranks, weights and masks brought together by Keras's rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch.metrics._align import as_tensor, divide_no_nan, samplewise, weight_of


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([1.0, 2.0], torch.float32), (1.5, torch.float32), ([1, 2], torch.int64), (True, torch.bool),
        (np.ones(2), torch.float64), (np.ones(2, "int8"), torch.int8), (torch.ones(2).half(), torch.float16),
    ],
)  # fmt: skip
def test_lists_become_floatx_and_arrays_keep_their_dtype(value: Any, dtype: torch.dtype) -> None:
    assert as_tensor(value).dtype is dtype


def test_no_gradients_are_kept() -> None:
    assert not as_tensor(torch.ones(2, requires_grad=True)).requires_grad


def test_division_by_zero_gives_zero() -> None:
    a, b = torch.tensor([1.0, 2.0, 0.0]), torch.tensor([2.0, 0.0, 0.0])
    assert divide_no_nan(a, b).tolist() == [0.5, 0.0, 0.0]


LIKE = torch.zeros(())
MASK = torch.tensor([[True, False], [True, True]])


@pytest.mark.parametrize(
    ("weight", "mask", "expected"),
    [
        (None, None, None),
        ([2.0, 3.0], None, [2.0, 3.0]),
        (None, MASK, [[1.0, 0.0], [1.0, 1.0]]),
        ([2.0, 3.0], MASK, [[2.0, 0.0], [3.0, 3.0]]),
        ([[2.0, 4.0], [3.0, 5.0]], MASK, [[2.0, 0.0], [3.0, 5.0]]),
    ],
)
def test_masked_places_weigh_nothing(weight: Any, mask: Any, expected: Any) -> None:
    found = weight_of(weight, mask, LIKE, torch.float32)
    assert (None if found is None else found.tolist()) == expected


@pytest.mark.parametrize("summed", [True, False])
def test_one_value_a_sample(summed: bool) -> None:
    values = torch.tensor([[1.0, 3.0], [5.0, 7.0]])
    reduced, weight = samplewise(values, None, summed)
    assert weight is None and reduced.tolist() == ([4.0, 12.0] if summed else [2.0, 6.0])
    reduced, weight = samplewise(values, torch.tensor([2.0, 0.5]), summed)
    assert weight is not None and weight.tolist() == [2.0, 0.5]
    assert reduced.tolist() == ([8.0, 6.0] if summed else [4.0, 3.0])
    reduced, weight = samplewise(values, torch.tensor([[1.0, 0.0], [1.0, 1.0]]), summed)
    assert weight is not None
    assert (reduced.tolist(), weight.tolist()) == (([1.0, 12.0], [1.0, 2.0]) if summed else ([0.5, 6.0], [0.5, 1.0]))


def test_a_scalar_is_its_own_sample() -> None:
    reduced, weight = samplewise(torch.tensor(3.0), torch.tensor(2.0), summed=False)
    assert float(reduced) == 6.0 and weight is not None and float(weight) == 2.0
