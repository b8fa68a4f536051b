"""`rearrange` against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from kerastorch import ops
from tests.ops.parity import CUBE, Case, case, case_id, run_case

X = np.arange(2 * 6 * 4, dtype="float32").reshape(2, 6, 4)
CASES = [
    case("rearrange", CUBE, "a b c -> c a b"),
    case("rearrange", X, "b (h w) c -> b h w c", h=2),
    case("rearrange", X, "b (h w) c -> (b w) (h c)", w=3),
    case("rearrange", X, "b h c -> (b h c)"),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)


@pytest.mark.parametrize(
    ("pattern", "lengths", "message"),
    [
        ("a b -> b a", {}, "2 dimensions"),
        ("a b c -> a b", {}, "same names"),
        ("a b b -> b a b", {}, "each once"),
        ("a (h w) c -> a h w c", {}, "product 6"),
        ("a (h w) c -> a h w c", {"h": 4}, "product 6"),
        ("a b c -> c b a", {"a": 3}, "product 2"),
    ],
)
def test_refuses(pattern: str, lengths: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ops.rearrange(X, pattern, **lengths)
