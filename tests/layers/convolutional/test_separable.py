"""Separable convolutions beside Keras."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract
from tests.layers.convolutional.test_conv import compare, shape


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [1, 2])
def test_contract(rank: int, data_format: str) -> None:
    run_layer_contract(
        getattr(layers, f"SeparableConv{rank}D"),
        {"filters": 5, "kernel_size": 3, "depth_multiplier": 2, "data_format": data_format, "activation": "relu"},
        shape(rank, data_format),
        expected_trainable_weights=3,
        expected_state_keys=["bias", "depthwise_weight", "pointwise_weight"],
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
            "filters": 3,
            "kernel_size": kernel,
            "strides": strides,
            "padding": padding,
            "depth_multiplier": multiplier,
            "data_format": data_format,
            "dilation_rate": dilation,
            "use_bias": bias,
        }
        compare(f"SeparableConv{rank}D", arguments, inputs)


def test_kernels_are_views_in_keras_order() -> None:
    layer = layers.SeparableConv2D(4, 3, depth_multiplier=2)
    layer.build((None, 8, 8, 3))
    assert layer.depthwise_kernel.shape == (3, 3, 3, 2)
    assert layer.pointwise_kernel.shape == (1, 1, 6, 4)
    assert layer.depthwise_kernel.data_ptr() == layer.depthwise_weight.data_ptr()


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="`filters` of SeparableConv1D"):
        layers.SeparableConv1D(0, 3)
    with pytest.raises(ValueError, match="`depth_multiplier` of SeparableConv2D"):
        layers.SeparableConv2D(2, 3, depth_multiplier=0)
