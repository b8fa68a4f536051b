"""Pooling against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import Case, case, case_id, run_case

rng = np.random.default_rng(5)
_INPUTS = {d: rng.normal(size=(2, *(7, 6, 5)[:d], 3)).astype("float32") for d in (1, 2, 3)}
CASES = [
    *(
        case(name, _INPUTS[d], size, strides=s, padding=p)
        for name in ("max_pool", "average_pool")
        for d in (1, 2, 3)
        for size in (2, 3)
        for s in (None, 1, 2)
        for p in ("valid", "same")
    ),
    *(
        case(
            name,
            np.ascontiguousarray(np.moveaxis(_INPUTS[2], -1, 1)),
            (3, 2),
            padding="same",
            data_format="channels_first",
        )
        for name in ("max_pool", "average_pool")
    ),
    *(
        case(name, _INPUTS[d], o)
        for name in ("adaptive_max_pool", "adaptive_average_pool")
        for d in (1, 2, 3)
        for o in (1, 3)
    ),
    case("adaptive_average_pool", _INPUTS[2], (2, 3)),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
