"""Linear algebra against real Keras."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.ops.parity import CUBE, I32, I64, Case, F, G, case, case_id, map_arrays, run_case

_SQUARE = (CUBE[:, :, :3] + 2 * np.eye(3)).astype("float32")
_SPD = (np.einsum("bij,bkj->bik", CUBE, CUBE) + np.eye(3)).astype("float32")
_LOWER = np.linalg.cholesky(_SPD[0])
CASES = [
    *(case("cholesky", _SPD, **k) for k in ({}, {"upper": True})),
    *(case("cholesky_inverse", _LOWER if not u else _LOWER.T.copy(), upper=u) for u in (False, True)),
    case("det", _SQUARE),
    case("inv", _SQUARE),
    case("lu_factor", _SQUARE),
    *(
        case("norm", F, **k)
        for k in (
            {},
            {"axis": 0},
            {"axis": 1, "ord": 1},
            {"ord": "fro", "axis": (0, 1)},
            {"ord": np.inf, "axis": 1, "keepdims": True},
            {"ord": 2, "axis": (0, 1)},
            {"ord": "nuc"},
        )
    ),
    *(case("norm", x) for x in (I32, I64)),
    *(case("qr", F.T.copy(), mode=m, gradients=m == "reduced") for m in ("reduced", "complete")),
    *(case("solve", _SQUARE, b) for b in (CUBE, CUBE[:, :, 0].copy())),
    *(case("solve_triangular", _LOWER, b, lower=True) for b in (F, F[:, 0].copy())),
    case("svd", F, compute_uv=False),
    case("lstsq", F.T.copy(), G.T.copy(), atol=1e-4),
    case("lstsq", F.T.copy(), G.T.copy(), rcond=0.5, atol=1e-4, gradients=False),
    case("matrix_rank", F),
    case("matrix_rank", F, tol=2.0),
    case("pinv", F),
    case("pinv", F, rcond=0.5),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
@pytest.mark.filterwarnings("ignore:.*linalg.*deprecated")
def test_equals_keras(given: Case) -> None:
    if given[0] not in ("norm", "lstsq", "matrix_rank", "pinv"):  # Keras does not convert arrays for the others
        given = (given[0], map_arrays(torch.tensor, given[1]), *given[2:])
    run_case(given)


def test_decompositions_give_the_matrix_back() -> None:
    from kerastorch import ops

    u, s, vh = ops.linalg.svd(F, full_matrices=False)
    np.testing.assert_allclose(u * s @ vh, F, atol=1e-5)
    values, vectors = ops.linalg.eigh(_SPD)
    np.testing.assert_allclose(vectors * values[..., None, :] @ vectors.mT, _SPD, atol=1e-4)
    values, vectors = ops.linalg.eig(_SQUARE)
    np.testing.assert_allclose(_SQUARE @ vectors.numpy(), vectors * values[..., None, :], atol=1e-4)
    np.testing.assert_allclose(ops.linalg.matrix_power(_SQUARE, 2), _SQUARE @ _SQUARE, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch's own first forward-mode call
def test_jvp_is_the_directional_derivative() -> None:
    from kerastorch import ops

    value, derivative = ops.jvp(torch.sin, (torch.tensor(F),), (torch.tensor(G),))
    np.testing.assert_allclose(value, np.sin(F), rtol=1e-5)
    np.testing.assert_allclose(derivative, np.cos(F) * G, rtol=1e-5)


def test_refuses_what_is_not_square() -> None:
    from kerastorch import ops

    with pytest.raises(ValueError, match="square matrices"):
        ops.inv(F)
    with pytest.raises(ValueError, match="Unknown mode"):
        ops.qr(F, mode="raw")
