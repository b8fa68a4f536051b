"""Shapes and orders against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import CUBE, I32, Case, F, case, case_id, run_case

CASES = [
    *(case("reshape", CUBE, s) for s in ((6, 4), (-1,), (2, -1), 24, -1, [4, 3, 2])),
    case("ravel", CUBE),
    *(case("transpose", CUBE, **k) for k in ({}, {"axes": (2, 0, 1)}, {"axes": [1, 0, 2]})),
    case("swapaxes", CUBE, 0, -1),
    *(case("moveaxis", CUBE, s, d) for s, d in ((0, 2), ((0, 1), (2, 0)), (-1, 0))),
    *(case("expand_dims", F, a) for a in (0, -1, 1, (0, 2), [0, -1])),
    *(case("squeeze", F[None, :, None], **k) for k in ({}, {"axis": 0}, {"axis": -2}, {"axis": (0, 2)})),
    case("broadcast_to", F[:1], (5, 4)),
    *(case("flip", CUBE, **k) for k in ({}, {"axis": 0}, {"axis": (1, 2)})),
    case("fliplr", F),
    case("flipud", F),
    *(case("rot90", CUBE, **k) for k in ({}, {"k": 2}, {"k": 3, "axes": (1, 2)})),
    *(case("roll", CUBE, 2, **k) for k in ({}, {"axis": 1})),
    case("roll", F, (1, 2), axis=(0, 1)),
    *(case("tile", F, r) for r in (2, (2, 1), (2, 1, 3), [1, 2])),
    *(case("repeat", F, r, **k) for r, k in ((2, {}), (3, {"axis": 0}), (2, {"axis": -1}))),
    *(
        case("pad", x, ((1, 2), (0, 1)), **k)
        for x in (F, I32)
        for k in ({}, {"constant_values": 3}, {"mode": "symmetric"})
    ),
    *(case("pad", x, ((1, 2), (0, 1)), mode="reflect") for x in (F, I32)),
    case("pad", CUBE, ((0, 0), (1, 1), (2, 1)), mode="reflect"),
    case("ndim", CUBE),
    case("size", CUBE),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)


def test_what_keras_on_torch_fails_at() -> None:
    from kerastorch import ops

    np.testing.assert_array_equal(ops.repeat(F, [1, 2, 0], axis=0), np.repeat(F, [1, 2, 0], axis=0))
    np.testing.assert_array_equal(ops.pad(F, 1), np.pad(F, 1))
    np.testing.assert_array_equal(ops.reshape(F, (None, 6)), F.reshape(-1, 6))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ops: ops.squeeze(F, 0), "length 1"),
        (lambda ops: ops.pad(F, 1, mode="wrap"), "Unknown mode"),
        (lambda ops: ops.pad(F, 1, mode="reflect", constant_values=1), "None with this mode"),
        (lambda ops: ops.rot90(F[0]), "2 dimensions"),
        (lambda ops: ops.rot90(F, axes=(0, 0)), "two different axes"),
    ],
)
def test_refuses(call: object, message: str) -> None:
    from kerastorch import ops

    with pytest.raises(ValueError, match=message):
        call(ops)
