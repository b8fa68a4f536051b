"""Up-sampling beside Keras."""

from __future__ import annotations

from typing import Any

import pytest

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract
from tests.layers.pooling.test_pooling import shape


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("rank", "size"), [(1, 3), (2, 2), (2, (3, 1)), (3, 2), (3, (1, 2, 3))])
def test_contract(rank: int, size: Any, data_format: str) -> None:
    arguments = {"size": size} if rank == 1 else {"size": size, "data_format": data_format}
    run_layer_contract(
        getattr(layers, f"UpSampling{rank}D"),
        arguments,
        shape(rank, "channels_last" if rank == 1 else data_format),
        unknown_axes=tuple(range(2, rank + 2)) if rank > 1 and data_format == "channels_first" else None,
        compare_symbolic=rank > 1,  # Keras gives a list there
    )


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_interpolation(interpolation: str, data_format: str) -> None:
    run_layer_contract(
        layers.UpSampling2D,
        {"size": (2, 3), "interpolation": interpolation, "data_format": data_format},
        shape(2, data_format),
        unknown_axes=(),
    )


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="`interpolation` of UpSampling2D"):
        layers.UpSampling2D(interpolation="linear")
    with pytest.raises(ValueError, match="`size` of UpSampling1D"):
        layers.UpSampling1D(0)
    with pytest.raises(ValueError, match="`size` of UpSampling3D"):
        layers.UpSampling3D((1, 2))
