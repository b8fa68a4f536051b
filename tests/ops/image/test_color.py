"""Colour spaces against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import Case, case, case_id, run_case

rng = np.random.default_rng(5)
_X = rng.uniform(size=(2, 4, 5, 3)).astype("float32")
_GREY = np.repeat(_X[..., :1], 3, -1)
CASES = [
    *(
        case(f"image.{name}", x)
        for name in ("rgb_to_grayscale", "rgb_to_hsv", "hsv_to_rgb")
        for x in (_X, _X[0], _GREY)
    ),
    *(
        case(f"image.{name}", np.moveaxis(_X, -1, 1).copy(), data_format="channels_first")
        for name in ("rgb_to_grayscale", "rgb_to_hsv", "hsv_to_rgb")
    ),
    case("image.rgb_to_grayscale", _X[..., :1]),
    case("image.rgb_to_grayscale", (_X * 255).astype("uint8")),
]


def test_refuses() -> None:
    from kerastorch.ops import image

    with pytest.raises(ValueError, match="1 or 3"):
        image.rgb_to_grayscale(_X[..., :2])
    with pytest.raises(ValueError, match="expected floats"):
        image.rgb_to_hsv((_X * 255).astype("uint8"))


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
