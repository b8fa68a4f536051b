"""Depthwise convolutions beside Keras."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from kerastorch import layers
from kerastorch.layers.convolutional.depthwise import DepthwiseLayout
from tests.contract.layer_contract import run_layer_contract
from tests.layers.convolutional.test_conv import compare, shape


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [1, 2])
def test_contract(rank: int, data_format: str) -> None:
    run_layer_contract(
        getattr(layers, f"DepthwiseConv{rank}D"),
        {"kernel_size": 3, "depth_multiplier": 2, "data_format": data_format, "activation": "relu"},
        shape(rank, data_format),
        expected_trainable_weights=2,
        expected_state_keys=["bias", "weight"],
        unknown_axes=tuple(range(1, rank + 1)) if data_format == "channels_last" else tuple(range(2, rank + 2)),
    )


@pytest.mark.parametrize("rank", [1, 2])
def test_grid_beside_keras(rank: int) -> None:
    generator = np.random.default_rng(rank)
    grid = itertools.product(
        (1, 2, 3), ("valid", "same"), (1, 2), ("channels_last", "channels_first"), (2, 3), (1, 3), (False, True)
    )
    for strides, padding, dilation, data_format, kernel, multiplier, bias in grid:
        inputs = generator.normal(size=shape(rank, data_format)).astype("float32")
        arguments = {
            "kernel_size": kernel,
            "strides": strides,
            "padding": padding,
            "depth_multiplier": multiplier,
            "data_format": data_format,
            "dilation_rate": dilation,
            "use_bias": bias,
        }
        compare(f"DepthwiseConv{rank}D", arguments, inputs)


def test_the_layout_goes_both_ways_without_a_copy() -> None:
    layout = DepthwiseLayout(2, 3)
    weight = torch.rand(12, 1, 5, 4)
    kernel = layout.to_keras(weight)
    assert kernel.shape == (5, 4, 4, 3)
    assert kernel.data_ptr() == weight.data_ptr()
    assert torch.equal(layout.to_torch(kernel), weight)
    assert torch.equal(kernel[1, 2, 3, 1], weight[3 * 3 + 1, 0, 1, 2])


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="`depth_multiplier` of DepthwiseConv1D"):
        layers.DepthwiseConv1D(3, depth_multiplier=0)
    with pytest.raises(ValueError, match="`padding` of DepthwiseConv1D"):
        layers.DepthwiseConv1D(3, padding="causal")
