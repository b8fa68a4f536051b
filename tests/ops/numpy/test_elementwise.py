"""Elementwise functions of one tensor against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import COMPLEX, F64, I32, I64, NANS, POSITIVE, U8, B, Case, F, case, case_id, run_case

_ALL = [F, F64, I32, I64, U8, B]
_SIGNED = [F, F64, I32, I64]
CASES = [
    *(
        case(name, x)
        for name in ("absolute", "abs", "fabs", "square", "sign", "exp2", "isfinite", "isinf", "isnan")
        for x in _ALL
    ),
    *(
        case(name, x)
        for name in ("negative", "signbit", "copy", "isreal", "isneginf", "isposinf", "trunc", "round")
        for x in _SIGNED
    ),
    *(case(name, x) for name in ("exp", "expm1", "ceil", "floor", "cbrt", "i0") for x in _ALL),
    *(
        case(name, x)
        for name in ("sqrt", "log", "log10", "log1p", "log2", "reciprocal")
        for x in (POSITIVE, I64, U8 + 1)
    ),
    *(case("clip", x, low, high) for x in _ALL for low, high in ((0, 1), (-1, 2))),
    case("clip", F, -0.5, 0.5),
    case("clip", F, F * 0 - 0.5, F * 0 + 0.25),
    *(case("round", F * 100, decimals=d) for d in (-1, 0, 2)),
    case("nan_to_num", NANS),
    case(
        "nan_to_num", np.array([np.inf, -np.inf, np.nan], "float32"), nan=1.0, posinf=2.0, neginf=3.0, gradients=False
    ),
    case("view", F, dtype="int32", gradients=False),
    *(case(name, COMPLEX, gradients=False) for name in ("real", "imag", "conj", "conjugate", "angle", "absolute")),
    case("angle", F),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
