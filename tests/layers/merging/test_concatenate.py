"""`Concatenate` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from kerastorch.nn.keras_tensor import KerasTensor
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    ("axis", "shapes", "wanted"),
    [
        (-1, [(2, 3), (2, 5)], (2, 8)),
        (-1, [(2, 3, 4), (2, 3, 5), (2, 3, 1)], (2, 3, 10)),
        (1, [(2, 3, 4), (2, 2, 4)], (2, 5, 4)),
        (2, [(2, 3, 1, 4), (2, 3, 2, 4)], (2, 3, 3, 4)),
    ],
)
def test_contract(axis: int, shapes: Any, wanted: Any) -> None:
    run_layer_contract(layers.Concatenate, {"axis": axis}, shapes, expected_output_shape=wanted, supports_masking=True)


def test_functional_form() -> None:
    assert layers.concatenate([torch.zeros(2, 3), torch.zeros(1, 3)], axis=0).shape == (3, 3)


@pytest.mark.parametrize("shapes", [[(2, 3), (3, 3)], [(2, 3), (2, 3, 1)], [(2, 3, 4), (2, 5, 5)]])
def test_unfit_shapes_are_named(shapes: Any) -> None:
    with pytest.raises(ValueError, match="differ along axis -1 alone"):
        layers.Concatenate()([torch.zeros(s) for s in shapes])


def test_unknown_sizes() -> None:
    assert layers.Concatenate(axis=1)([KerasTensor((None, None, 4)), KerasTensor((None, 3, 4))]).shape == (
        None,
        None,
        4,
    )
    assert layers.Concatenate()([KerasTensor((None, None, 4)), KerasTensor((None, 3, 4))]).shape == (None, 3, 8)


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("masked", [(True, True), (True, False), (False, True)])
def test_masks_like_keras(axis: int, masked: tuple[bool, bool]) -> None:
    import keras

    def mask_of(module: Any) -> Any:
        x = torch.tensor([[[1.0, 0.0], [0.0, 0.0], [2.0, 1.0]]])
        inputs = [module.Masking()(x.flip(1) if i else x) if m else x for i, m in enumerate(masked)]
        return module.Concatenate(axis=axis)(inputs)._keras_mask.tolist()

    assert mask_of(layers) == mask_of(keras.layers)


def test_symbolic_mask() -> None:
    x = layers.Masking()(KerasTensor((None, 3, 2)))
    assert layers.Concatenate(axis=1)([x, KerasTensor((None, 2, 2))])._keras_mask.shape == (None, 5)


def test_axis_is_checked_when_made() -> None:
    with pytest.raises(TypeError, match="`axis` of Concatenate"):
        layers.Concatenate("last")  # type: ignore[arg-type]
