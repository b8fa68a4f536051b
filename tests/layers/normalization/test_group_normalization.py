"""`GroupNormalization` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from kerastorch.nn.keras_tensor import KerasTensor
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    ("kwargs", "shape", "unknown"),
    [
        ({"groups": 2}, (4, 6), None),
        ({"groups": 3}, (4, 3, 6), None),
        ({"groups": 2}, (4, 3, 2, 6), None),
        ({"groups": -1}, (4, 3, 2, 6), None),
        ({"groups": 1}, (4, 2, 3, 2, 6), None),
        ({"groups": 2, "axis": 1}, (4, 6, 3, 2), (2, 3)),
        ({"groups": 2, "axis": 2, "epsilon": 1e-5}, (4, 3, 6, 2), ()),
        ({"groups": 2, "center": False, "scale": False}, (4, 3, 6), None),
    ],
)
def test_contract(kwargs: dict[str, Any], shape: tuple[int, ...], unknown: Any) -> None:
    run_layer_contract(
        layers.GroupNormalization,
        kwargs,
        shape,
        unknown_axes=unknown,
        expected_output_shape=shape,
        supports_masking=True,
    )


def test_images_stay_where_they_are() -> None:
    assert layers.GroupNormalization(groups=2)(torch.randn(2, 5, 5, 4)).is_contiguous()


def test_weights_have_torchs_names() -> None:
    layer = layers.GroupNormalization(groups=2)
    layer(torch.zeros(2, 4))
    torch.nn.GroupNorm(2, 4).load_state_dict(layer.state_dict())


@pytest.mark.parametrize("groups", [0, -2, 1.5])
def test_groups_are_checked_when_made(groups: Any) -> None:
    with pytest.raises(ValueError, match="`groups` of GroupNormalization"):
        layers.GroupNormalization(groups)


@pytest.mark.parametrize("groups", [4, 32])
def test_groups_must_divide_the_channels(groups: int) -> None:
    with pytest.raises(ValueError, match="a divisor of the 6 channels"):
        layers.GroupNormalization(groups)(torch.zeros(2, 6))


def test_channels_must_be_known() -> None:
    with pytest.raises(ValueError, match="known dimension at axis -1"):
        layers.GroupNormalization(2)(KerasTensor((None, 3, None)))


def test_axis_is_checked_when_made() -> None:
    with pytest.raises(ValueError, match="`axis` of GroupNormalization"):
        layers.GroupNormalization(axis=0)
