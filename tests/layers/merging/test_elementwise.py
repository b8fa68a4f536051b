"""`Add` and its kin beside Keras's, masks included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract

NAMES = ["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shapes", [[(2, 3), (2, 3)], [(2, 3, 4), (2, 3, 4)], [(2, 3, 4), (2, 1, 4)]])
def test_contract(name: str, shapes: Any) -> None:
    run_layer_contract(getattr(layers, name), {}, shapes, expected_state_keys=[], supports_masking=True)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "Subtract"])
def test_contract_with_more_inputs_of_other_ranks(name: str) -> None:
    run_layer_contract(getattr(layers, name), {}, [(2, 3, 4), (2, 4), (2, 1, 4)], expected_output_shape=(2, 3, 4))


@pytest.mark.parametrize("name", NAMES)
def test_functional_forms_like_keras(name: str) -> None:
    import keras

    a, b = np.random.randn(2, 3).astype("float32"), np.random.randn(2, 3).astype("float32")
    found, wanted = getattr(layers, name.lower())([a, b]), getattr(keras.layers, name.lower())([a, b])
    torch.testing.assert_close(found, wanted)
    assert getattr(layers, name.lower())([a, b], name="merged").shape == (2, 3)


def _masked(layers_module: Any, masks: list[Any]) -> list[Any]:
    """Tensors with masks, made by that library's own `Masking`."""
    made = []
    for index, mask in enumerate(masks):
        x = torch.linspace(0.5 + index, 2.0 - index, 12).reshape(2, 3, 2)
        if mask is not None:
            x = layers_module.Masking()(x * torch.tensor(mask)[..., None])
        made.append(x)
    return made


M1 = [[1, 1, 0], [1, 0, 0]]
M2 = [[1, 0, 0], [0, 1, 0]]
M3 = [[0, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("masks", [[M1, M2], [M1, None], [None, M2], [M1, M2, M3], [M1, None, M3]])
def test_masks_like_keras(name: str, masks: list[Any]) -> None:
    import keras

    if name == "Subtract" and len(masks) > 2:
        masks = masks[:2]
    found = getattr(layers, name)()(_masked(layers, masks))
    wanted = getattr(keras.layers, name)()(_masked(keras.layers, masks))
    torch.testing.assert_close(found, wanted)
    ours, theirs = getattr(found, "_keras_mask", None), getattr(wanted, "_keras_mask", None)
    assert (None if ours is None else ours.tolist()) == (None if theirs is None else theirs.tolist())


@pytest.mark.parametrize("number", [1, 3])
def test_subtract_takes_two(number: int) -> None:
    with pytest.raises(ValueError, match="a list of 2 tensors"):
        layers.Subtract()([torch.zeros(2)] * number)
