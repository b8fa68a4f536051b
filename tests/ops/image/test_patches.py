"""Patches against real Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.parity import Case, case, case_id, run_case

rng = np.random.default_rng(5)
_X = rng.uniform(size=(2, 7, 6, 3)).astype("float32")
_VOLUMES = rng.uniform(size=(2, 5, 4, 6, 2)).astype("float32")
CASES = [
    *(
        case("image.extract_patches", x, s, padding=p)
        for x in (_X, _X[0])
        for s in (2, (3, 2))
        for p in ("valid", "same")
    ),
    *(case("image.extract_patches", _X, 3, strides=s, padding=p) for s in (1, 2, (2, 1)) for p in ("valid", "same")),
    *(case("image.extract_patches", _X, 2, strides=1, dilation_rate=2, padding=p) for p in ("valid", "same")),
    case("image.extract_patches", np.moveaxis(_X, -1, 1).copy(), 2, data_format="channels_first"),
    *(case("image.extract_patches", _VOLUMES, (2, 2, 3), padding=p) for p in ("valid", "same")),
    *(case("image.extract_patches_3d", v, 2, strides=(1, 2, 2)) for v in (_VOLUMES, _VOLUMES[0])),
]


def test_integers_stay_integers() -> None:
    import torch

    from kerastorch.ops import image

    assert image.extract_patches((_X * 255).astype("uint8"), 2).dtype == torch.uint8
    with pytest.raises(ValueError, match="3 or 4 dimensions"):
        image.extract_patches(_X[0, 0], 2)


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
