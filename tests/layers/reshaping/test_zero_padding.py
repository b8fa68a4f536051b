"""Zero padding beside Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract
from tests.layers.pooling.test_pooling import shape

ARGUMENTS = {1: [1, (0, 2)], 2: [1, (1, 2), ((0, 1), (2, 0))], 3: [1, (0, 1, 2), ((0, 1), (1, 2), (3, 0))]}


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("rank", "padding"), [(rank, p) for rank in ARGUMENTS for p in ARGUMENTS[rank]])
def test_contract(rank: int, padding: Any, data_format: str) -> None:
    run_layer_contract(
        getattr(layers, f"ZeroPadding{rank}D"),
        {"padding": padding, "data_format": data_format},
        shape(rank, data_format),
        unknown_axes=tuple(range(1, rank + 1)) if data_format == "channels_last" else tuple(range(2, rank + 2)),
    )


def test_integers_stay_integers() -> None:
    outputs = layers.ZeroPadding1D(1)(torch.ones(1, 2, 1, dtype=torch.int64))
    assert outputs.dtype is torch.int64
    assert outputs.flatten().tolist() == [0, 1, 1, 0]
