"""Comparisons, logic and bits against real Keras."""

from __future__ import annotations

import pytest

from tests.ops.parity import I32, I64, U8, B, Case, F, G, case, case_id, run_case

_PAIRS = [(F, G), (I32, F), (I32, I64), (F, 0.0), (I32, 1), (I32, 0.5), (B, B), (1, I32)]
CASES = [
    *(
        case(name, a, b)
        for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
        for a, b in _PAIRS
    ),
    *(
        case(name, a, b)
        for name in ("logical_and", "logical_or", "logical_xor")
        for a, b in ((B, I32), (F, B), (B, True))
    ),
    *(case("logical_not", x) for x in (B, I32, F)),
    *(case(name, a, b) for name in ("isclose", "allclose") for a, b in ((F, F + 1e-7), (F, G), (I32, I32), (I32, 3))),
    case("isclose", F, F + 0.1, atol=0.2),
    *(case("isin", a, b, **k) for a, b in ((I32, [1, 2]), (F, F[:1]), (B, [True])) for k in ({}, {"invert": True})),
    *(
        case(name, a, b)
        for name in ("bitwise_and", "bitwise_or", "bitwise_xor")
        for a, b in ((I64, I64), (U8, U8), (I32, 3))
    ),
    *(
        case(name, a, b)
        for name in ("bitwise_left_shift", "left_shift", "bitwise_right_shift", "right_shift")
        for a, b in ((I64, I64), (U8, 1), (I32, 1))
    ),
    *(case(name, x) for name in ("bitwise_not", "bitwise_invert") for x in (I32, U8, B)),
    *(
        case("where", c, a, b)
        for c, a, b in ((B, F, G), (B, F, 0.0), (B, 1, I32), (I32, F, G), (B, I32, 0.5), (B, 1, 0))
    ),
    case("where", B),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
