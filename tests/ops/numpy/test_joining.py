"""Joining and splitting against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import CUBE, I32, Case, F, G, case, case_id, run_case

CASES = [
    *(case("concatenate", [F, G], **k) for k in ({}, {"axis": 0}, {"axis": -1})),
    case("concatenate", (F, I32)),
    *(case("stack", [F, G], **k) for k in ({}, {"axis": 1}, {"axis": -1})),
    *(case(name, [F, G]) for name in ("hstack", "vstack", "dstack")),
    *(case(name, [F[0], G[0]]) for name in ("hstack", "vstack", "dstack")),
    *(case("append", F, G, **k) for k in ({}, {"axis": 1})),
    *(case("split", CUBE, s, **k) for s, k in ((2, {}), (2, {"axis": -1}), ([1, 3], {"axis": 2}), ((1,), {"axis": 1}))),
    *(case("array_split", CUBE, 3, axis=a) for a in (1, 2)),
    *(case(name, np.concatenate([CUBE, CUBE], 2), s) for name, s in (("hsplit", 3), ("vsplit", 2), ("dsplit", 4))),
    case("hsplit", CUBE, [1, 2]),
    *(case("meshgrid", F[0], G[:, 0], indexing=i) for i in ("xy", "ij")),
]


def test_a_split_that_does_not_come_out_even_is_refused() -> None:
    from kerastorch import ops

    with pytest.raises(ValueError, match="divisor of 3"):
        ops.split(F, 2)


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
