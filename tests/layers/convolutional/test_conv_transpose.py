"""Transposed convolutions beside Keras."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract
from tests.layers.convolutional.test_conv import compare, shape


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_contract(rank: int, data_format: str) -> None:
    run_layer_contract(
        getattr(layers, f"Conv{rank}DTranspose"),
        {
            "filters": 3,
            "kernel_size": 3,
            "strides": 2,
            "padding": "same",
            "output_padding": 1,
            "data_format": data_format,
            "activation": "tanh",
        },
        shape(rank, data_format),
        expected_trainable_weights=2,
        expected_state_keys=["bias", "weight"],
        unknown_axes=tuple(range(1, rank + 1)) if data_format == "channels_last" else tuple(range(2, rank + 2)),
    )


GRID = [
    (strides, padding, dilation, data_format, kernel, more)
    for strides, padding, dilation, data_format, kernel, more in itertools.product(
        (1, 2, 3), ("valid", "same"), (1, 2), ("channels_last", "channels_first"), (1, 2, 3, 4), (None, 0, 1, 2)
    )
    if (strides == 1 or dilation == 1) and (more is None or more < strides)
]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_grid_beside_keras(rank: int) -> None:
    generator = np.random.default_rng(rank)
    for strides, padding, dilation, data_format, kernel, more in GRID[:: 1 if rank < 3 else 3]:
        inputs = generator.normal(size=shape(rank, data_format, channels=2)).astype("float32")
        arguments = {
            "filters": 3,
            "kernel_size": kernel,
            "strides": strides,
            "padding": padding,
            "output_padding": more,
            "data_format": data_format,
            "dilation_rate": dilation,
            "bias_initializer": "ones",
        }
        compare(f"Conv{rank}DTranspose", arguments, inputs)


def test_a_state_dict_of_torch_fits() -> None:
    theirs = torch.nn.ConvTranspose2d(3, 4, 3, stride=2)
    ours = layers.Conv2DTranspose(4, 3, strides=2, data_format="channels_first")
    ours.build((None, 3, 8, 8))
    ours.load_state_dict(theirs.state_dict())
    inputs = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(ours(inputs), theirs(inputs))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"output_padding": 2}, "`output_padding` of Conv2DTranspose: expected less than strides"),
        ({"output_padding": -1}, "`output_padding` of Conv2DTranspose"),
        ({"filters": -1}, "`filters`"),
        ({"dilation_rate": 2}, "at most one of them above 1"),
        ({"padding": "causal"}, "`padding`"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        layers.Conv2DTranspose(**{"filters": 2, "kernel_size": 3, "strides": 2, **arguments})
