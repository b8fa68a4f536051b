"""Dot-product attention against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import Case, case, case_id, run_case

rng = np.random.default_rng(5)
_Q, _K, _V = (rng.normal(size=(2, n, 4, 8)).astype("float32") for n in (5, 6, 6))
_FEW = [x[:, :, :2].copy() for x in (_K, _V)]
_MASK = rng.uniform(size=(2, 1, 5, 6)) > 0.3
_BIAS = rng.normal(size=(2, 4, 5, 6)).astype("float32")
CASES = [
    *(
        case("dot_product_attention", _Q, _K, _V, **k)
        for k in (
            {},
            {"scale": 0.5},
            {"is_causal": True},
            {"mask": _MASK},
            {"bias": _BIAS},
            {"mask": _MASK, "is_causal": True},
            {"flash_attention": False},
        )
    ),
    case("dot_product_attention", _Q, *_FEW),
    case("dot_product_attention", _Q, _K[:, :, :1].copy(), _V[:, :, :1].copy()),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
@pytest.mark.filterwarnings("ignore")  # Keras asks CUDA what it could do
def test_equals_keras(given: Case) -> None:
    run_case(given)


def test_bias_with_mask_and_with_causality_add_up() -> None:
    from kerastorch import ops

    low = np.where(_MASK, _BIAS, -1e9).astype("float32")
    np.testing.assert_allclose(
        ops.dot_product_attention(_Q, _K, _V, bias=_BIAS, mask=_MASK),
        ops.dot_product_attention(_Q, _K, _V, bias=low),
        atol=1e-6,
    )
    causal = np.where(np.tril(np.ones((5, 6), bool)), _BIAS, -1e9).astype("float32")
    np.testing.assert_allclose(
        ops.dot_product_attention(_Q, _K, _V, bias=_BIAS, is_causal=True),
        ops.dot_product_attention(_Q, _K, _V, bias=causal),
        atol=1e-6,
    )


def test_a_soft_cap_far_away_changes_nothing_and_a_near_one_does() -> None:
    from kerastorch import ops

    for options in ({}, {"mask": _MASK}, {"bias": _BIAS}, {"is_causal": True}):
        plain = ops.dot_product_attention(_Q, _K, _V, **options)
        np.testing.assert_allclose(
            ops.dot_product_attention(_Q, _K, _V, attn_logits_soft_cap=1e4, **options), plain, atol=1e-4
        )
        capped = ops.dot_product_attention(_Q, _K, _V, attn_logits_soft_cap=0.1, **options)
        assert float((capped - plain).abs().max()) > 0.01


def test_refuses() -> None:
    from kerastorch import ops

    with pytest.raises(ValueError, match="heads, depth"):
        ops.dot_product_attention(_Q[0], _K, _V)
