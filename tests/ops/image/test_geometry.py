"""Coordinates and transforms against real Keras."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.ops.parity import Case, F, case, case_id, run_case

rng = np.random.default_rng(5)
_X = rng.uniform(size=(2, 7, 6, 3)).astype("float32")
_WHERE = rng.uniform(-2, 5, (2, 9)).astype("float32")
_MOVE = np.array([0.9, 0.2, 1.0, -0.1, 1.1, -1.5, 0, 0], "float32")
_EACH = np.stack([_MOVE, np.array([1, 0, 2.5, 0, 1, 0, 0, 0], "float32")])
_START = np.array([[0, 0], [5, 0], [0, 6], [5, 6]], "float32")
_END = np.array([[0.5, 1], [4, 0.2], [0.3, 5], [5, 6.5]], "float32")
_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
CASES = [
    *(case("image.map_coordinates", F, _WHERE, o, fill_mode=m) for o in (0, 1) for m in _MODES),
    case("image.map_coordinates", F, _WHERE, 1, fill_value=3.0),
    case("image.map_coordinates", (F * 9).astype("int32"), _WHERE, 1),
    *(
        case("image.affine_transform", x.copy(), _MOVE, interpolation=i, fill_mode=m, gradients=False)
        for x in (_X[:1], _X[0])
        for i in ("bilinear", "nearest")
        for m in _MODES
    ),
    *(
        case("image.perspective_transform", x, _START, _END, interpolation=i, atol=1e-4, gradients=False)
        for x in (_X, _X[0])
        for i in ("bilinear", "nearest")
    ),
    case(
        "image.perspective_transform",
        np.moveaxis(_X, -1, 1).copy(),
        np.stack([_START, _START]),
        np.stack([_END, _START]),
        data_format="channels_first",
        atol=1e-4,
        gradients=False,
    ),
]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_each_image_has_its_transform(data_format: str) -> None:
    import keras

    from kerastorch.ops import image

    x = _X if data_format == "channels_last" else np.moveaxis(_X, -1, 1).copy()
    ours = image.affine_transform(x, _EACH, data_format=data_format)
    np.testing.assert_allclose(
        ours, keras.ops.image.affine_transform(x, _EACH.copy(), data_format=data_format), atol=1e-5
    )
    np.testing.assert_array_equal(_EACH[1], [1, 0, 2.5, 0, 1, 0, 0, 0])


@pytest.mark.parametrize("fill_mode", ["reflect", "constant"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_elastic_transform_draws_and_moves_like_keras(data_format: str, interpolation: str, fill_mode: str) -> None:
    import keras

    from kerastorch.ops import image

    x = _X if data_format == "channels_last" else np.moveaxis(_X, -1, 1).copy()
    options = {"interpolation": interpolation, "fill_mode": fill_mode, "data_format": data_format}
    torch.manual_seed(1)
    ours = image.elastic_transform(x, 4.0, 1.5, **options)
    torch.manual_seed(1)
    theirs = keras.ops.image.elastic_transform(x, 4.0, 1.5, **options)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert not np.allclose(ours, x)


def test_elastic_transform_with_a_seed() -> None:
    from kerastorch.nn.keras_tensor import KerasTensor
    from kerastorch.ops import image

    first, again, other = (image.elastic_transform(_X[0], seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert image.elastic_transform((_X * 255).astype("uint8"), seed=1).dtype is torch.uint8
    assert image.elastic_transform(KerasTensor((2, 8, 8, 3)), seed=1).shape == (2, 8, 8, 3)


def test_refuses() -> None:
    from kerastorch.ops import image

    with pytest.raises(ValueError, match="Unknown fill_mode"):
        image.map_coordinates(F, _WHERE, 1, fill_mode="mirrored")
    with pytest.raises(ValueError, match="0 .nearest. or 1"):
        image.map_coordinates(F, _WHERE, 3)
    with pytest.raises(ValueError, match="2 dimensions"):
        image.map_coordinates(F, _WHERE[:1], 1)
    with pytest.raises(ValueError, match="Unknown interpolation"):
        image.affine_transform(_X, _MOVE, interpolation="cubic")
    with pytest.raises(ValueError, match="batch, 4, 2"):
        image.perspective_transform(_X, _START[:3], _END)


@pytest.mark.parametrize("given", CASES, ids=case_id)
def test_equals_keras(given: Case) -> None:
    run_case(given)
