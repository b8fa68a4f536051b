"""`ActivityRegularization` beside Keras's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


def test_contract() -> None:
    run_layer_contract(
        layers.ActivityRegularization,
        {"l1": 0.1, "l2": 0.2},
        (5, 4),
        expected_output_shape=(5, 4),
        supports_masking=True,
    )


def test_losses_like_keras() -> None:
    import keras

    x = np.random.randn(5, 4).astype("float32")
    ours, theirs = layers.ActivityRegularization(0.1, 0.2), keras.layers.ActivityRegularization(0.1, 0.2)
    ours(x), theirs(x)
    torch.testing.assert_close(ours.losses[0], theirs.losses[0])
    ours(x)
    assert len(ours.losses) == 1  # those of the last call only


def test_arguments_are_checked_when_made() -> None:
    with pytest.raises(ValueError, match="`l1` of ActivityRegularization"):
        layers.ActivityRegularization(l1=-1.0)
