"""Activation functions against real Keras."""

from __future__ import annotations

import pytest

from tests.ops.parity import CUBE, F64, Case, F, case, case_id, run_case

_PLAIN = (
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "swish",
    "sigmoid",
    "log_sigmoid",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "tanh_shrink",
    "hard_shrink",
    "soft_shrink",
    "softplus",
    "softsign",
    "squareplus",
    "sparse_plus",
    "sparse_sigmoid",
    "glu",
    "softmax",
    "log_softmax",
    "sparsemax",
)
CASES = [
    *(case(name, x) for name in _PLAIN for x in (F * 3, CUBE * 5, F64)),
    case("leaky_relu", F, negative_slope=0.3),
    *(case(name, F, alpha=0.7) for name in ("elu", "celu")),
    case("gelu", F, approximate=False),
    *(case(name, F, threshold=0.2) for name in ("hard_shrink", "soft_shrink")),
    case("threshold", F, 0.1, -1.0),
    case("squareplus", F, b=2),
    *(case(name, CUBE, axis=a) for name in ("softmax", "log_softmax") for a in (0, 1, None)),
    *(case("sparsemax", CUBE, axis=a) for a in (0, 1)),
    case("glu", CUBE, axis=0),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
