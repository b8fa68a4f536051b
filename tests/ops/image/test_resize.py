"""Resizing, cropping and padding against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import Case, case, case_id, run_case

rng = np.random.default_rng(5)
_X = rng.uniform(size=(2, 7, 6, 3)).astype("float32")
_FIRST = np.ascontiguousarray(_X.transpose(0, 3, 1, 2))
_BYTES = (_X * 255).astype("uint8")
CASES = [
    *(
        case("image.resize", x, s, interpolation=i)
        for x in (_X, _X[0], _BYTES)
        for s in ((5, 4), (14, 9), [7, 6])
        for i in ("bilinear", "nearest", "bicubic")
    ),
    *(case("image.resize", _X, (3, 3), interpolation=i, antialias=True) for i in ("bilinear", "nearest", "bicubic")),
    *(
        case("image.resize", _X, s, **{o: True})
        for s in ((4, 9), (9, 4))
        for o in ("crop_to_aspect_ratio", "pad_to_aspect_ratio")
    ),
    case("image.resize", _X, (4, 12), pad_to_aspect_ratio=True, fill_value=2.0),
    case("image.resize", _FIRST, (4, 9), data_format="channels_first"),
    *(
        case("image.crop_images", x, *a, **k)
        for x in (_X, _X[0])
        for a, k in (
            ((1, 2), {"target_height": 3, "target_width": 2}),
            ((1, 2, 1, 1), {}),
            ((), {"bottom_cropping": 1, "right_cropping": 1, "target_height": 3, "target_width": 2}),
        )
    ),
    *(
        case("image.pad_images", x, *a, **k)
        for x in (_X, _X[0])
        for a, k in (
            ((1, 2), {"target_height": 9, "target_width": 10}),
            ((1, 2, 1, 1), {}),
            ((), {"bottom_padding": 1, "right_padding": 1, "target_height": 9, "target_width": 8}),
        )
    ),
    case("image.pad_images", _FIRST, 1, 2, 1, 0, data_format="channels_first"),
]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda image: image.resize(_X, (4, 4), interpolation="bilinaer"), "Did you mean 'bilinear'"),
        (lambda image: image.resize(_X[0, 0], (4, 4)), "3 dimensions"),
        (lambda image: image.resize(_X, (4, 4, 4)), "height, width"),
        (lambda image: image.resize(_X, (4, 4), fill_mode="nearest"), "'constant'"),
        (lambda image: image.resize(_X, (4, 4), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), "one of them"),
        (lambda image: image.crop_images(_X, 1, 1), "two of the three"),
        (lambda image: image.crop_images(_X, 1, 1, target_height=99, target_width=2), "sides >= 0"),
    ],
)
def test_refuses(call: object, message: str) -> None:
    from kerastorch.ops import image

    with pytest.raises(ValueError, match=message):
        call(image)


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
