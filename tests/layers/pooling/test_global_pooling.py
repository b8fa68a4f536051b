"""Global pooling beside Keras."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract
from tests.layers.pooling.test_pooling import shape

NAMES = [f"Global{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3)]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("name", NAMES)
def test_contract(name: str, data_format: str, keepdims: bool) -> None:
    rank = int(name[-2])
    run_layer_contract(
        getattr(layers, name),
        {"data_format": data_format, "keepdims": keepdims},
        shape(rank, data_format),
        expected_trainable_weights=0,
        unknown_axes=tuple(range(1, rank + 1)) if data_format == "channels_last" else tuple(range(2, rank + 2)),
    )


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_masked_steps_do_not_count(data_format: str, keepdims: bool) -> None:
    import keras

    arguments = {"data_format": data_format, "keepdims": keepdims}
    inputs = torch.from_numpy(np.random.default_rng(0).normal(size=shape(1, data_format)).astype("float32"))
    mask = torch.arange(9) < torch.tensor([[4], [9]])
    found = layers.GlobalAveragePooling1D(**arguments)(inputs, mask=mask)
    wanted = keras.layers.GlobalAveragePooling1D(**arguments)(inputs, mask=mask)
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


def test_a_mask_is_taken_from_the_input_and_not_handed_on() -> None:
    inputs = torch.tensor([[[1.0], [3.0], [0.0]]])
    masked = layers.Masking()(inputs)
    outputs = layers.GlobalAveragePooling1D()(masked)
    assert outputs.tolist() == [[2.0]]
    assert getattr(outputs, "_keras_mask", None) is None
