"""Sorting and unique values against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import CUBE, I32, B, Case, F, case, case_id, run_case

CASES = [
    *(case("sort", x, **k) for x in (F, I32, CUBE) for k in ({}, {"axis": 0}, {"axis": None})),
    *(case("argsort", x, **k) for x in (F, I32, B) for k in ({}, {"axis": 0}, {"axis": None})),
    *(
        case("unique", I32, **k)
        for k in (
            {},
            {"return_counts": True},
            {"return_inverse": True},
            {"size": 4},
            {"size": 15, "fill_value": -9},
            {"axis": 0},
        )
    ),
    case("unique", I32[0], return_index=True, return_inverse=True, return_counts=True),
]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_argpartition_puts_the_kth_value_in_its_place(axis: int) -> None:
    from kerastorch import ops

    found = ops.argpartition(I32, 1, axis=axis)
    parts = np.take_along_axis(I32, found.numpy().astype("int64"), axis)
    expected = np.take(np.partition(I32, 1, axis), 1, axis)
    np.testing.assert_array_equal(np.take(parts, 1, axis), expected)
    assert (np.take(parts, 0, axis) <= expected).all()


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
