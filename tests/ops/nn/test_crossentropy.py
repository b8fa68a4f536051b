"""Cross-entropies against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import CUBE, Case, F, G, case, case_id, run_case

_P = np.exp(F) / np.exp(F).sum(-1, keepdims=True)
_Q = np.exp(G) / np.exp(G).sum(-1, keepdims=True)
_HOT = np.eye(4, dtype="float32")[[0, 3, 1]]
_EDGE = np.array([[0.0, 1.0, 0.5, 1e-9]], "float32")
CASES = [
    *(case("binary_crossentropy", t, o) for t, o in ((_HOT, _P), (_P, _Q), (np.ones((1, 4), "float32"), _EDGE))),
    case("binary_crossentropy", _HOT, F, from_logits=True),
    *(case("categorical_crossentropy", t, o, **k) for t, o in ((_HOT, _P), (_P, _Q * 3)) for k in ({}, {"axis": 0})),
    *(case("categorical_crossentropy", _HOT, F, from_logits=True, axis=a) for a in (-1, 0)),
    *(
        case("sparse_categorical_crossentropy", t, _P)
        for t in ([0, 3, 1], [[0], [3], [1]], np.array([0, 3, 1], "uint8"))
    ),
    case("sparse_categorical_crossentropy", [0, 3, 1], F, from_logits=True),
    *(
        case(
            "sparse_categorical_crossentropy",
            np.array([[0, 1, 2, 3], [3, 3, 0, 1]]) % n,
            CUBE,
            from_logits=True,
            axis=a,
        )
        for n, a in ((3, 1),)
    ),
    case("sparse_categorical_crossentropy", np.array(2), F[0], from_logits=True),
    case("sparse_categorical_crossentropy", np.array([[0, 1, 2], [3, 3, 0]]), np.exp(CUBE)),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)


def test_shapes_that_do_not_fit_are_refused() -> None:
    from kerastorch import ops

    for name in ("binary_crossentropy", "categorical_crossentropy"):
        with pytest.raises(ValueError, match="one shape"):
            getattr(ops, name)(F, F[:1])
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        ops.sparse_categorical_crossentropy([1, 2], F)


def test_binary_targets_may_be_integers() -> None:
    from kerastorch import ops

    np.testing.assert_array_equal(ops.binary_crossentropy(_HOT.astype("int32"), _P), ops.binary_crossentropy(_HOT, _P))
