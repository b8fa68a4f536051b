"""`Masking` beside Keras's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kerastorch import layers
from kerastorch.nn.keras_tensor import KerasTensor
from tests.contract.layer_contract import run_layer_contract

STEPS = np.array([[[1.0, 0.0], [0.0, 0.0], [-1.0, -1.0]]], "float32")


@pytest.mark.parametrize("mask_value", [0.0, -1.0])
def test_contract(mask_value: float) -> None:
    run_layer_contract(layers.Masking, {"mask_value": mask_value}, inputs=STEPS, supports_masking=True)


@pytest.mark.parametrize("mask_value", [0.0, -1.0])
def test_mask_like_keras(mask_value: float) -> None:
    import keras

    ours, theirs = layers.Masking(mask_value)(STEPS), keras.layers.Masking(mask_value)(STEPS)
    assert ours._keras_mask.tolist() == theirs._keras_mask.tolist()
    assert layers.Masking(mask_value).compute_mask(torch.tensor(STEPS), None).tolist() == ours._keras_mask.tolist()


def test_nan_in_masked_steps_does_not_spread() -> None:
    x = torch.tensor([[[0.0], [2.0]]])
    assert layers.Masking(2.0)(x).tolist() == [[[0.0], [0.0]]]


def test_the_mask_goes_through_layers_that_support_it() -> None:
    outputs = layers.Dropout(0.5)(layers.Dense(2)(layers.Masking()(STEPS)))
    assert outputs._keras_mask.tolist() == [[True, False, True]]
    assert getattr(layers.Flatten()(layers.Masking()(STEPS)), "_keras_mask", None) is None


def test_symbolic_masks() -> None:
    x = layers.Masking()(KerasTensor((None, 3, 2)))
    assert x._keras_mask is not None and x._keras_mask.shape == (None, 3) and x._keras_mask.dtype == "bool"
    assert layers.Dense(4)(x)._keras_mask is x._keras_mask
    assert layers.Flatten()(x)._keras_mask is None
