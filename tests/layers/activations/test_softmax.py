"""`Softmax` beside Keras's, masks included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize("axis", [-1, 1, [1], [1, 2], [-1, 0]])
def test_contract(axis: Any) -> None:
    run_layer_contract(
        layers.Softmax, {"axis": axis}, (2, 3, 4), expected_output_shape=(2, 3, 4), supports_masking=True
    )


MASKS = [
    np.array([[True, True, False], [False, False, False]]),
    np.array([[1.0, 0.0, 1.0]], "float32"),
    np.array([1, 0, 1]),
]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("axis", [-1, [0, 1]])
def test_masks_like_keras(mask: Any, axis: Any) -> None:
    import keras

    x = np.array([[1.0, 2.0, 5.0], [1.0, 1.0, 3.0]], "float32")
    ours, theirs = torch.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    found = layers.Softmax(axis)(ours, mask=torch.tensor(mask))
    wanted = keras.layers.Softmax(axis)(theirs, mask=torch.tensor(mask))
    torch.testing.assert_close(found, wanted)
    weights = torch.arange(6.0).reshape(2, 3)
    (found * weights).sum().backward()
    (wanted * weights).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize("shape", [(3, 3), (1, 2, 3), (2,)])
def test_masks_must_broadcast(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"broadcasts to the input's shape \(2, 3\)"):
        layers.Softmax()(torch.zeros(2, 3), mask=torch.ones(shape))


def test_axis_is_checked_when_made() -> None:
    with pytest.raises(TypeError, match="`axis` of Softmax"):
        layers.Softmax("last")
