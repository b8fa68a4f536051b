"""Reductions that pass over NaN against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import I32, NANS, Case, F, case, case_id, run_case

_AXES = [{}, {"axis": 0}, {"axis": -1, "keepdims": True}]
_MISSING = np.array([[np.nan, np.nan], [1.0, np.nan]], "float32")
CASES = [
    *(
        case(name, x, **k)
        for name in ("nansum", "nanmean", "nanprod", "nanvar", "nanstd", "nanmedian", "nanmax", "nanmin")
        for x in (NANS, I32)
        for k in _AXES
    ),
    *(case(name, x, **k) for name in ("nanargmax", "nanargmin") for x in (NANS, F, I32) for k in ({}, {"axis": 1})),
    *(case(name, _MISSING, axis=1, gradients=False) for name in ("nanmax", "nanmin", "nanargmax", "nanargmin")),
    *(case(name, NANS, **k) for name in ("nancumsum", "nancumprod") for k in ({}, {"axis": 0})),
    *(case("nanquantile", NANS, q, axis=0) for q in (0.25, np.array([0.1, 0.9], "float32"))),
    case("nanpercentile", NANS, 30.0, axis=1, keepdims=True),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
