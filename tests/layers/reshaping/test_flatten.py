"""`Flatten` beside Keras's; no copies where memory allows."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from kerastorch.nn.keras_tensor import KerasTensor
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first", None])
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5), (2, 3), (2,)])
def test_contract(data_format: Any, shape: tuple[int, ...]) -> None:
    run_layer_contract(layers.Flatten, {"data_format": data_format}, shape, supports_masking=False)


def test_integers_stay_integers() -> None:
    run_layer_contract(layers.Flatten, {}, (2, 3, 4), input_dtype="int64")
    assert layers.Flatten()(KerasTensor((None, 3, 4), dtype="uint8")).dtype == "uint8"


def test_channels_last_images_are_not_copied() -> None:
    x = torch.randn(2, 4, 4, 3)
    assert layers.Flatten()(x).data_ptr() == x.data_ptr()


def test_torchs_channels_last_images_are_not_copied_either() -> None:
    x = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    assert layers.Flatten(data_format="channels_first")(x).data_ptr() == x.data_ptr()
    assert layers.Flatten()(x.permute(0, 2, 3, 1)).data_ptr() == x.data_ptr()


def test_wrong_data_format() -> None:
    with pytest.raises(ValueError, match="`data_format`"):
        layers.Flatten("channels_middle")
