"""Quantiles, counts and correlations against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import CUBE, I32, I64, U8, Case, F, case, case_id, run_case

CASES = [
    *(
        case("quantile", x, q, **k)
        for x in (F, I32)
        for q in (0.5, np.array([0.1, 0.8], "float32"))
        for k in ({}, {"axis": 1}, {"axis": 0, "keepdims": True}, {"keepdims": True}, {"method": "lower", "axis": 0})
    ),
    case("quantile", CUBE, 0.3, axis=(0, 2)),
    *(case("percentile", F, q, axis=1) for q in (25, 50.0)),
    *(case("median", x, **k) for x in (F, I32) for k in ({}, {"axis": 0}, {"axis": 1, "keepdims": True})),
    *(case("bincount", x, **k) for x in (I64[0], U8[0]) for k in ({}, {"minlength": 12})),
    case("bincount", I64, minlength=10),
    case("bincount", I64[0], weights=np.array([1.0, 2.0, 3.0, 4.0], "float32"), gradients=False),
    *(case("digitize", x, b) for x, b in ((F, np.array([-1.0, 0.0, 1.0], "float32")), (I32, np.array([-2, 0, 3])))),
    *(case("searchsorted", np.array([1.0, 2.0, 3.0], "float32"), F, side=s) for s in ("left", "right")),
    *(case("corrcoef", x) for x in (F, I32, I64)),
    *(case("correlate", F[0], F[1, :3], mode=m) for m in ("valid", "same", "full")),
    case("correlate", I32[0], I32[1], mode="same"),
    *(
        case("trapezoid", F, **k)
        for k in ({}, {"dx": 0.5}, {"axis": 0}, {"x": np.array([0.0, 1.0, 3.0, 4.0], "float32")})
    ),
]


@pytest.mark.parametrize("bins", [1, 4, 10])
@pytest.mark.parametrize("ends", [None, (-1.0, 1.0)])
def test_histogram_equals_keras(bins: int, ends: tuple[float, float] | None) -> None:
    import keras
    import torch

    from kerastorch import ops

    x = torch.tensor(F).flatten()
    counts, edges = ops.histogram(x, bins=bins, range=ends)
    expected_counts, expected_edges = keras.ops.histogram(x, bins=bins, range=ends)
    np.testing.assert_array_equal(counts.numpy(), expected_counts.numpy())
    np.testing.assert_allclose(edges.numpy(), expected_edges.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
