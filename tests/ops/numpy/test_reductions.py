"""Reductions against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import CUBE, F64, I32, I64, U8, B, Case, F, case, case_id, run_case

_AXES = [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 1)}]
_FLAT = [{"axis": None}, {"axis": 0}, {"axis": -1}]
# Keras itself calls the deprecated `Tensor.T`.
pytestmark = pytest.mark.filterwarnings("ignore:.*T.* deprecated")
CASES = [
    *(
        case(name, x, **k)
        for name in ("sum", "mean", "prod", "max", "min", "all", "any", "var", "std", "amax", "amin")
        for x in (F, I32, U8, B, F64)
        for k in _AXES
        if not (name in ("std", "amax", "amin") and x is B)
    ),
    *(case("sum", CUBE, axis=(0, 2), keepdims=keep) for keep in (True, False)),
    *(case(name, F, axis=()) for name in ("sum", "mean", "all", "any")),
    case("sum", [1, 2, 3]),
    case("mean", I64),
    case("prod", I32, dtype="float32"),
    *(case(name, F, axis=0, initial=0.5) for name in ("min",)),
    *(case("average", F, **k) for k in ({}, {"axis": 0}, {"axis": 1, "weights": np.array([1.0, 2, 3, 4], "float32")})),
    case("average", I32),
    *(case("ptp", x, **k) for x in (F, I32) for k in _AXES),
    *(case("count_nonzero", x, **k) for x in (F, I32, B) for k in ({}, {"axis": 0}, {"axis": 1})),
    *(
        case(name, x, **k)
        for name in ("argmax", "argmin")
        for x in (F, I32, B)
        for k in ({"axis": None}, {"axis": 1})
        if x is not B or name == "argmax"
    ),
    case("argmax", F, axis=0, keepdims=True),
    *(case(name, x, **k) for name in ("cumsum", "cumprod") for x in (F, I32, B, U8) for k in _FLAT),
    case("cumsum", I32, dtype="float32"),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
