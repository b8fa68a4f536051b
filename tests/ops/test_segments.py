"""Segment reductions against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import CUBE, I32, Case, F, case, case_id, run_case

_IDS = np.array([0, 2, 0])
CASES = [
    *(
        case(name, F, _IDS, **k)
        for name in ("segment_sum", "segment_prod", "segment_max", "segment_min")
        for k in ({}, {"num_segments": 4})
    ),
    *(case("segment_sum", x, np.array([0, -1, 1]), num_segments=2) for x in (CUBE.swapaxes(0, 1), I32)),
    case("segment_sum", F[0], np.array([1, 1, 0, 5]), num_segments=3),
    *(case(name, I32, _IDS, num_segments=3, gradients=False) for name in ("segment_sum", "segment_prod")),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
