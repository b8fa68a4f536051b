"""Moments and normalization against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import CUBE, Case, F, G, case, case_id, run_case

_V = F[0] * 0.1 + 1
CASES = [
    *(case("moments", x, a, keepdims=k) for x, a in ((F, 0), (CUBE, (0, 1)), (CUBE, [-1])) for k in (True, False)),
    case("moments", F.astype("float16"), 0, atol=2e-3, gradients=False),
    *(
        case("batch_normalization", CUBE, F[0], _V, -1, atol=1e-4, **k)
        for k in ({}, {"offset": G[0]}, {"scale": G[0]}, {"offset": G[1], "scale": G[0], "epsilon": 0.1})
    ),
    case("batch_normalization", CUBE, G[0, :3], _V[:3], 1, offset=G[1, :3], atol=1e-4),
    case("batch_normalization", F[0], F[1], _V, 0),
    *(case("layer_normalization", CUBE, **k) for k in ({}, {"axis": (1, 2)}, {"epsilon": 0.1})),
    case("layer_normalization", CUBE, G[0], G[1], atol=1e-4),
    case("layer_normalization", F.astype("float16"), atol=2e-3, gradients=False),
    *(case("rms_normalization", CUBE, **k) for k in ({}, {"axis": (1, 2)}, {"epsilon": 0.1})),
    case("rms_normalization", CUBE, G[0], atol=1e-4),
    *(case("normalize", x, **k) for x in (F, CUBE) for k in ({}, {"axis": 0}, {"order": 1}, {"order": 3, "axis": 1})),
    case("normalize", F * 0, gradients=False),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)


def test_an_axis_in_the_middle() -> None:
    """Keras on torch fails here; the other backends compute this."""
    from kerastorch import ops

    moved = np.ascontiguousarray(CUBE.swapaxes(1, 2))
    for name, weights in (
        ("layer_normalization", (G[0, :3], G[1, :3])),
        ("layer_normalization", ()),
        ("rms_normalization", ()),
    ):
        expected = getattr(ops, name)(moved, *weights).swapaxes(1, 2)
        np.testing.assert_allclose(getattr(ops, name)(CUBE, *weights, axis=1), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*rms_scaling")
def test_rms_scaling_equals_keras() -> None:
    run_case(case("layer_normalization", CUBE, G[0], rms_scaling=True, atol=1e-4))


def test_batch_normalization_by_the_fused_kernel() -> None:
    import keras
    import torch

    from kerastorch import ops

    args = (
        torch.tensor(CUBE),
        torch.tensor(G[0, :3]),
        torch.tensor(_V[:3]),
        1,
        torch.tensor(G[1, :3]),
        torch.tensor(G[2, :3]),
    )
    np.testing.assert_allclose(ops.batch_normalization(*args), keras.ops.batch_normalization(*args), atol=1e-5)


def test_refuses() -> None:
    from kerastorch import ops

    with pytest.raises(ValueError, match="integer >= 1"):
        ops.normalize(F, order=0)
    with pytest.raises(ValueError, match="expected False"):
        ops.moments(F, 0, synchronized=True)
