"""New tensors against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import I32, Case, F, case, case_id, run_case

CASES = [
    *(
        case(name, s, **k)
        for name in ("zeros", "ones")
        for s in ((2, 3), 4, [1, 2], ())
        for k in ({}, {"dtype": "int32"})
    ),
    *(case("full", (2, 3), v, **k) for v in (1, 2.5, True) for k in ({}, {"dtype": "float64"})),
    *(case(name, x, **k) for name in ("zeros_like", "ones_like") for x in (F, I32) for k in ({}, {"dtype": "bool"})),
    *(
        case("arange", *a, **k)
        for a, k in (
            ((5,), {}),
            ((1, 7), {}),
            ((1, 7, 2), {}),
            ((0.0, 1.0, 0.25), {}),
            ((5.0,), {}),
            ((3,), {"dtype": "float32"}),
            ((5, 0, -2), {}),
        )
    ),
    *(
        case("linspace", 0, 5, **k)
        for k in ({}, {"num": 7}, {"num": 4, "endpoint": False}, {"num": 5, "dtype": "int32"})
    ),
    case("linspace", -1.5, 2.5, num=5, retstep=True, dtype=False),
    case("linspace", F[0], F[1], num=6),
    *(case("logspace", 0, 2, **k) for k in ({"num": 5}, {"num": 4, "endpoint": False}, {"num": 3, "base": 2})),
    *(case("geomspace", 1, 1000, **k) for k in ({"num": 4}, {"num": 7})),
    *(
        case("eye", *a, **k)
        for a, k in (((3,), {}), ((3, 4), {}), ((3, 4), {"k": 1}), ((4, 3), {"k": -1}), ((2,), {"dtype": "int32"}))
    ),
    case("identity", 3),
    *(case("tri", *a, **k) for a, k in (((3,), {}), ((3, 4), {"k": 1}), ((2, 3), {"dtype": "int32"}))),
    *(case("vander", x, gradients=False, **k) for x in (F[0], I32[0]) for k in ({}, {"N": 3, "increasing": True})),
    *(case(name, n) for name in ("bartlett", "blackman", "hamming", "hanning") for n in (5, 8)),
    case("kaiser", 6, 3.0),
    case("array", [1, 2.0]),
    case("array", [1, 2], dtype="float32"),
]


def test_full_like_and_empty_have_shape_and_dtype() -> None:
    from kerastorch import ops

    assert ops.full_like(F, 3).tolist() == [[3.0] * 4] * 3
    assert ops.full_like(F, 3, dtype="int32").dtype == ops.zeros(1, "int32").dtype
    assert tuple(ops.empty((2, 3)).shape) == (2, 3)
    assert ops.empty_like(I32).dtype == ops.zeros(1, "int32").dtype
    assert ops.linspace(F[0], F[1], num=6, axis=-1).shape == (4, 6)
    np.testing.assert_allclose(ops.linspace(F[0], F[1], num=6, axis=-1), np.linspace(F[0], F[1], 6, axis=-1), atol=1e-6)


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
