"""Indexing against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import CUBE, I32, B, Case, F, G, case, case_id, run_case

_ORDER = np.argsort(F, axis=1)
CASES = [
    *(
        case("take", x, i, **k)
        for x in (F, CUBE)
        for i in ([1, 0, -1], 1, np.array([[0, 1], [1, 1]]))
        for k in ({"axis": 0}, {"axis": -1})
    ),
    case("take", CUBE, [[5, 0], [7, 23]]),
    *(case("take_along_axis", F, i, axis=1) for i in (_ORDER, _ORDER - 4)),
    case("take_along_axis", F[0], np.array([3, 0]), axis=None),
    *(case("get_item", CUBE, k) for k in (0, slice(1, None), (slice(None), 1), (..., -1), (slice(None), None, 2))),
    *(case("nonzero", x) for x in (I32, B)),
    case("unravel_index", np.array([3, 7, 11]), (3, 4)),
    case("select", [B, I32 > 0], [F, G], 0.5),
    *(case(name, x, **k) for name in ("diag", "tril", "triu") for x in (F, I32) for k in ({}, {"k": 1}, {"k": -1})),
    *(case("diagflat", x, k=1) for x in (F, F[0])),
    *(case("diagonal", CUBE, **k) for k in ({}, {"offset": 1, "axis1": 1, "axis2": 2})),
    *(
        case("trace", x, **k)
        for x in (CUBE, (CUBE * 9).astype("int16"))
        for k in ({}, {"offset": 1, "axis1": 1, "axis2": 2})
    ),
    *(case("diff", CUBE, **k) for k in ({}, {"n": 2}, {"axis": 1})),
]


def test_an_axis_that_is_not_there_is_refused() -> None:
    from kerastorch import ops

    with pytest.raises(ValueError, match="an axis of 2 dimensions"):
        ops.take(F, [0], axis=2)


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
