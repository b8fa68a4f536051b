"""One-hot and multi-hot encodings against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import Case, case, case_id, run_case

CASES = [
    *(
        case("one_hot", x, 4, **k)
        for x in ([0, 3, -1], np.array([[1, 2], [3, 0]]), 2)
        for k in ({}, {"dtype": "int32"}, {"dtype": "bool"})
    ),
    *(case("one_hot", np.array([[1, 2, 0], [3, 0, 1]]), 4, axis=a) for a in (0, 1, 2)),
    *(case("multi_hot", x, 5, **k) for x in ([0, 3, 1], np.array([[1, 2], [3, 0]])) for k in ({}, {"dtype": "int32"})),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    name, args, kwargs, atol, gradients, _ = given
    run_case((name, args, kwargs, atol, gradients, "dtype" in kwargs))  # Keras gives int64 where none is named


def test_default_dtype_and_out_of_range() -> None:
    from kerastorch import ops

    assert ops.one_hot([0, 7], 3).tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    with pytest.raises(ValueError, match="expected False"):
        ops.one_hot([0], 2, sparse=True)
