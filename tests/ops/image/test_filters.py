"""Filters and resampling against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import Case, F, case, case_id, run_case

rng = np.random.default_rng(5)
_X = rng.uniform(size=(2, 12, 13, 3)).astype("float32")
_Y = np.clip(_X + rng.normal(size=_X.shape) * 0.1, 0, 1).astype("float32")
_LAST = {"data_format": "channels_last"}
CASES = [
    *(
        case("image.gaussian_blur", x, k, s, **_LAST)
        for x in (_X, _X[0])
        for k, s in (((3, 3), (1.0, 1.0)), ((5, 5), (2.0, 0.7)))
    ),
    case("image.gaussian_blur", np.moveaxis(_X, -1, 1).copy(), (3, 3), (1.0, 1.0), data_format="channels_first"),
    case("image.sobel_edges", _X, **_LAST),
    case("image.sobel_edges", np.moveaxis(_X, -1, 1).copy(), data_format="channels_first"),
    *(
        case("image.ssim", a, b, **k)
        for a, b in ((_X, _Y), (_X[0], _Y[0]))
        for k in ({}, {"filter_size": 5, "max_val": 2.0})
    ),
    *(
        case(
            "image.scale_and_translate",
            _X,
            (2, 8, 20, 3),
            np.array([0.7, 1.6], "float32"),
            np.array([0.5, -1.0], "float32"),
            (1, 2),
            m,
            antialias=a,
        )
        for m in ("linear", "cubic", "lanczos3", "lanczos5")
        for a in (True, False)
    ),
    case(
        "image.scale_and_translate",
        (F * 9).astype("int32"),
        (6, 4),
        np.array([2.0], "float32"),
        np.array([0.0], "float32"),
        (0,),
        "bilinear",
        gradients=False,
    ),
]


def test_refuses() -> None:
    from kerastorch.ops import image

    with pytest.raises(ValueError, match="shape"):
        image.ssim(_X, _Y[:1])
    with pytest.raises(ValueError, match="Unknown method"):
        image.scale_and_translate(F, (3, 4), [1.0], [0.0], (0,), "box")


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
