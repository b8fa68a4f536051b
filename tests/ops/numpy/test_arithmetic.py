"""Arithmetic of two tensors against real Keras: promotion, weak numbers, gradients."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import F64, I32, I64, POSITIVE, U8, B, Case, F, G, case, case_id, run_case

_PAIRS = [
    (F, G),
    (F, I32),
    (F, I64),
    (I32, I64),
    (U8, I32),
    (F, F64),
    (F, 2),
    (F, 2.5),
    (I32, 2),
    (I32, 2.5),
    (2, F),
    (2.5, I32),
    (U8, 3),
    (F, [1.0, 2.0, 3.0, 4.0]),
    (I64, 2),
    (F[:, :1], G[:1]),
]
_WHOLE = [(I32, I64), (I64, I64), (U8, U8), (I64, 3)]
CASES = [
    *(
        case(name, a, b)
        for name in ("add", "subtract", "multiply", "maximum", "minimum", "fmax", "fmin")
        for a, b in _PAIRS
    ),
    *(
        case(name, a, b)
        for name in ("divide", "true_divide", "divide_no_nan")
        for a, b in _PAIRS
        if not (name == "divide_no_nan" and isinstance(b, list))
    ),
    *(
        case(name, a, b)
        for name in ("add", "multiply", "maximum")
        for a, b in ((B, B), (B, 2), (B, I32), (1, 2), (1.5, 2))
    ),
    case("subtract", B, I32),
    case("divide_no_nan", F, np.array([0.0, 1.0, 2.0, 0.0], "float32")),
    *(
        case(name, a, b, gradients=False)
        for name in ("floor_divide", "mod", "fmod")
        for a, b in ((I32, I64), (F, POSITIVE), (I64, 3), (F, 2), (F, 0.5), (U8, I64))
    ),
    *(case("power", a, b) for a, b in ((POSITIVE, F), (POSITIVE, 2), (F, 2), (2.0, F), (I64, 2), (POSITIVE, 0.5))),
    *(case(name, a, b) for name in ("logaddexp", "logaddexp2") for a, b in ((F, G), (I32, F), (I32, I32))),
    *(case("heaviside", a, b, gradients=False) for a, b in ((F, G), (I32, I32), (I64, I64))),
    *(case("nextafter", a, b, gradients=False) for a, b in ((F64, F64 + 1), (F, G))),
    case("ldexp", F, I32, gradients=False),
    *(case(name, a, b) for name in ("gcd", "lcm") for a, b in _WHOLE),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
