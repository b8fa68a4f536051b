"""Trigonometric functions against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import F64, I32, I64, POSITIVE, U8, UNIT, Case, F, G, case, case_id, run_case

CASES = [
    *(
        case(name, x)
        for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsinh", "arctan", "sinc")
        for x in (F, F64, I32, U8)
    ),
    *(case(name, UNIT) for name in ("arcsin", "arccos", "arctanh")),
    case("arccosh", POSITIVE + 1),
    *(case(name, x) for name in ("deg2rad", "rad2deg") for x in (F, I32, I64)),
    *(case(name, a, b) for name in ("arctan2", "hypot") for a, b in ((F, G), (I32, F), (I64, I64), (F, F64))),
    case("arctan2", np.float32(1.0), F),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
