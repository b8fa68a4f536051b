"""`Rescaling` beside Keras's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import config, layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    "kwargs",
    [
        {"scale": 1 / 255},
        {"scale": 2.0, "offset": -1.0},
        {"scale": [1.0, 2.0, 3.0], "offset": [0.0, 1.0, 2.0]},
        {"scale": 2, "offset": [0.0, 1.0, 2.0]},
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_contract(kwargs: dict[str, Any], dtype: str) -> None:
    run_layer_contract(
        layers.Rescaling, kwargs, (2, 4, 4, 3), input_dtype=dtype, expected_state_keys=[], compare_symbolic=False
    )


def test_bytes_become_floats() -> None:
    assert layers.Rescaling(1 / 255)(np.array([[0, 255]], "uint8")).dtype is torch.float32


def test_channels_first_like_keras() -> None:
    import keras

    config.set_image_data_format("channels_first")
    keras.config.set_image_data_format("channels_first")
    try:
        x = np.random.rand(2, 3, 4, 4).astype("float32")
        ours, theirs = layers.Rescaling([1.0, 2.0, 3.0])(x), keras.layers.Rescaling([1.0, 2.0, 3.0])(x)
        torch.testing.assert_close(ours, theirs)
    finally:
        keras.config.set_image_data_format("channels_last")


def test_arrays_move_with_the_layer_and_are_in_no_state_dict() -> None:
    layer = layers.Rescaling(np.array([1.0, 2.0])).to("meta")
    assert {b.device.type for b in layer.buffers()} == {"meta"}
    assert layer.state_dict() == {}
