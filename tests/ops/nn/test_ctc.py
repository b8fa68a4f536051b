"""The CTC loss and decoders against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import Case, case, case_id, run_case

rng = np.random.default_rng(5)
_LOGITS = rng.normal(size=(3, 8, 5)).astype("float32")
_LENGTHS = np.array([8, 6, 3])
CASES = [
    *(
        case(
            "ctc_loss",
            np.array([[1, 2, 2], [3, 4, 0], [1, 0, 0]]),
            _LOGITS,
            np.array([3, 2, 1]),
            _LENGTHS,
            mask_index=m,
            atol=1e-4,
        )
        for m in (0,)
    ),
    *(case("ctc_decode", _LOGITS, _LENGTHS, merge_repeated=m) for m in (True, False)),
    case("ctc_decode", _LOGITS, _LENGTHS, mask_index=4),
]


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)


def test_beam_search_equals_keras() -> None:
    import keras

    from kerastorch import ops

    options = {"strategy": "beam_search", "beam_width": 60, "top_paths": 3, "mask_index": 4}
    paths, scores = ops.ctc_decode(_LOGITS, _LENGTHS, **options)
    expected, expected_scores = keras.ops.ctc_decode(_LOGITS, _LENGTHS, **options)
    np.testing.assert_array_equal(paths, expected)
    np.testing.assert_allclose(scores, expected_scores, atol=1e-4)


def test_unknown_strategy() -> None:
    from kerastorch import ops

    with pytest.raises(ValueError, match="Did you mean 'greedy'"):
        ops.ctc_decode(_LOGITS, _LENGTHS, strategy="gredy")
