"""What all convolutions have: their window's arguments as attributes, and one kernel layout a rank."""

from __future__ import annotations

import pytest
import torch

from kerastorch import layers
from kerastorch.layers.convolutional.base import KERNELS


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_layouts_are_those_of_torch(rank: int) -> None:
    kernel = torch.rand(*range(2, 2 + rank), 5, 6)
    weight = KERNELS[rank].to_torch(kernel)
    assert weight.shape == (6, 5, *range(2, 2 + rank))
    assert torch.equal(KERNELS[rank].to_keras(weight), kernel)


def test_attributes() -> None:
    layer = layers.Conv2D(2, (3, 5), strides=2, padding="SAME", data_format="channels_first")
    assert (layer.kernel_size, layer.strides, layer.dilation_rate) == ((3, 5), (2, 2), (1, 1))
    assert (layer.padding, layer.data_format) == ("same", "channels_first")


def test_later_inputs_must_have_the_same_channels() -> None:
    layer = layers.DepthwiseConv2D(3)
    layer.build((None, 8, 8, 3))
    assert layer.input_spec.problem((2, 8, 8, 4)) == "a last dimension (axis -1) of 3"
