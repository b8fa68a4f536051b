"""Cropping beside Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract
from tests.layers.pooling.test_pooling import shape

ARGUMENTS = {1: [1, (0, 2), (2, 0)], 2: [1, (1, 2), ((0, 1), (2, 0)), 0], 3: [1, (0, 1, 2), ((0, 1), (1, 2), (3, 0))]}


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("rank", "cropping"), [(rank, c) for rank in ARGUMENTS for c in ARGUMENTS[rank]])
def test_contract(rank: int, cropping: Any, data_format: str) -> None:
    arguments = {"cropping": cropping} if rank == 1 else {"cropping": cropping, "data_format": data_format}
    run_layer_contract(
        getattr(layers, f"Cropping{rank}D"),
        arguments,
        shape(rank, "channels_last" if rank == 1 else data_format),
        unknown_axes=tuple(range(2, rank + 2)) if rank > 1 and data_format == "channels_first" else None,
    )


def test_a_view_of_the_input() -> None:
    inputs = torch.rand(1, 5, 5, 2)
    assert layers.Cropping2D(1)(inputs).data_ptr() == inputs[:, 1, 1].data_ptr()


@pytest.mark.parametrize("cropping", [2, (4, 0)])
def test_nothing_left(cropping: Any) -> None:
    with pytest.raises(ValueError, match="which are cropped"):
        layers.Cropping1D(cropping)(torch.zeros(1, 4, 1))
    with pytest.raises(ValueError, match="`cropping` of Cropping3D"):
        layers.Cropping3D(-1)
