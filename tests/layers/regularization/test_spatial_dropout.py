"""`SpatialDropout` in one, two and three dimensions beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract

CASES: list[tuple[Any, dict[str, Any], tuple[int, ...]]] = [
    (layers.SpatialDropout1D, {}, (5, 4, 6)),
    (layers.SpatialDropout2D, {}, (5, 4, 3, 6)),
    (layers.SpatialDropout2D, {"data_format": "channels_first"}, (5, 4, 3, 6)),
    (layers.SpatialDropout3D, {}, (5, 4, 3, 2, 6)),
    (layers.SpatialDropout3D, {"data_format": "channels_first"}, (5, 4, 3, 2, 6)),
]


@pytest.mark.parametrize(("cls", "kwargs", "shape"), CASES)
def test_contract_with_kerass_numbers(cls: Any, kwargs: dict[str, Any], shape: tuple[int, ...]) -> None:
    run_layer_contract(
        cls, {"rate": 0.5, "seed": 1, **kwargs}, shape, expected_output_shape=shape, supports_masking=True
    )


@pytest.mark.parametrize(("cls", "kwargs", "shape"), CASES)
def test_whole_channels_are_dropped(cls: Any, kwargs: dict[str, Any], shape: tuple[int, ...]) -> None:
    axis = 1 if kwargs else -1
    outputs = cls(0.5, **kwargs)(torch.ones(shape), training=True).movedim(axis, 1).flatten(2)
    assert torch.equal(outputs, outputs[..., :1].expand_as(outputs))
    assert 0.0 in outputs and 2.0 in outputs


def test_rank_is_checked() -> None:
    with pytest.raises(ValueError, match="4 dimensions"):
        layers.SpatialDropout2D(0.5)(torch.zeros(2, 3).numpy())


def test_rate_is_checked_when_made() -> None:
    with pytest.raises(ValueError, match="`rate` of SpatialDropout1D"):
        layers.SpatialDropout1D(1.5)
