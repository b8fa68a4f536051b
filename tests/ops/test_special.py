"""Keras's math functions against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import COMPLEX, CUBE, F64, I32, I64, POSITIVE, UNIT, Case, F, G, case, case_id, run_case

CASES = [
    *(case(name, x) for name in ("erf", "erfc") for x in (F, I32, F64)),
    case("erfinv", UNIT),
    *(case("rsqrt", x) for x in (POSITIVE, I64)),
    *(case("logsumexp", CUBE, **k) for k in ({}, {"axis": 1}, {"axis": (0, 2), "keepdims": True})),
    *(case("top_k", x, 2) for x in (F, I64, CUBE)),
    *(case("in_top_k", np.array([0, 3, 1]), F, k) for k in (1, 2, 3)),
    case("in_top_k", np.array([1, 0]), np.array([[0.5, 0.5, 0.0], [0.1, 0.1, 0.1]], "float32"), 1),
    case("cdist", F, G),
    case("logdet", np.einsum("ij,kj->ik", F, F) + np.eye(3, dtype="float32")),
    *(case("extract_sequences", x, 3, s) for x in (F, np.arange(10)) for s in (1, 2)),
    case("view_as_complex", F[:, :2], gradients=False),
    case("view_as_real", COMPLEX, gradients=False),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
