"""Products against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import CUBE, F64, I32, I64, Case, F, G, case, case_id, run_case

_I8 = I32.astype("int8")
_BLOCKS = np.stack([CUBE, CUBE])
CASES = [
    *(
        case("matmul", a, b)
        for a, b in ((F, G.T), (F[0], G.T), (CUBE, F.T), (I32, I32.T), (I32, F.T), (_I8, _I8.T), (F, F64.T))
    ),
    *(case("dot", a, b) for a, b in ((F, G.T), (F[0], G[0]), (F, 2.0), (I32, I64.T))),
    *(case("vdot", a, b) for a, b in ((F[0], G[0]), (I32[0], I32[1]))),
    *(case("inner", a, b) for a, b in ((F, G), (F[0], G[0]), (I32, I64))),
    *(case("outer", a, b) for a, b in ((F, G), (I32[0], F[0]))),
    *(case("kron", a, b) for a, b in ((F, G), (I32, I32))),
    case("cross", F[:, :3], G[:, :3], axis=-1),
    *(
        case("tensordot", a, b, axes=x)
        for a, b, x in (
            (CUBE, F, [[2], [1]]),
            (CUBE, CUBE, 3),
            (F, G.T, 1),
            (CUBE, CUBE, ([0, 2], [0, 2])),
            (F, G, (1, 1)),
            (I32, I64.T, 1),
        )
    ),
    *(
        case("einsum", s, *o)
        for s, o in (
            ("ij,kj->ik", (F, G)),
            ("bij->bji", (CUBE,)),
            ("ij->", (F,)),
            ("ij,ij", (_I8, _I8)),
            ("bij,kj->bik", (CUBE, F)),
        )
    ),
    case("slogdet", F[:, :3]),
    case("slogdet", _BLOCKS[0, :, :2, :2]),
]


def test_cross_takes_vectors_along_any_axis() -> None:
    from kerastorch import ops

    a, b = F[:, :3], G[:, :3]
    expected = np.cross(a.T, b, axisa=0, axisb=1, axisc=0)
    np.testing.assert_allclose(ops.cross(a.T, b, axisa=0, axisb=1, axisc=0), expected, atol=1e-6)


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
