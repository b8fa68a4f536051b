"""Convolutions: padding, strides, dilation, groups, layouts."""

from __future__ import annotations

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from tests.convert.running import check_format, one, same


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_windows(padding: str, strides: int, size: int) -> None:
    one(layers.Conv1D(4, size, strides, padding), 11, 3)
    one(layers.Conv2D(4, (size, 3), strides, padding), 9, 10, 3)
    one(layers.Conv2D(4, size, (strides, 1), padding, use_bias=False), 9, 10, 3)
    one(layers.Conv2DTranspose(4, size, strides, padding), 5, 6, 3)
    one(layers.Conv1DTranspose(4, size, strides, padding), 5, 3)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_kinds(padding: str) -> None:
    one(layers.Conv3D(3, 3, padding=padding), 5, 5, 5, 2)
    one(layers.Conv3D(3, 2, 2, padding=padding), 5, 5, 5, 2)
    one(layers.Conv3DTranspose(3, 2, 2, padding=padding), 3, 3, 3, 2)
    one(layers.DepthwiseConv2D(3, 2, padding, depth_multiplier=2), 7, 7, 3)
    one(layers.DepthwiseConv1D(3, 1, padding), 7, 3)
    one(layers.SeparableConv1D(5, 3, padding=padding), 7, 3)
    one(layers.SeparableConv2D(5, 3, 2, padding, depth_multiplier=2, activation="relu"), 7, 7, 3)
    one(layers.SeparableConv2D(5, 2, padding=padding, use_bias=False), 7, 7, 3)
    one(layers.Conv2D(4, 3, dilation_rate=2, padding=padding), 9, 9, 2)
    one(layers.Conv2D(4, 3, groups=2, padding=padding), 9, 9, 2)
    one(layers.Conv2D(4, 3, padding=padding, data_format="channels_first"), 2, 9, 9)


def test_more_of_the_padding() -> None:
    one(layers.Conv1D(4, 3, padding="causal", dilation_rate=2), 9, 3)
    one(layers.Conv2DTranspose(4, 3, 2, output_padding=1), 5, 5, 2)
    one(layers.Conv2DTranspose(4, 3, 2, "same", output_padding=0), 5, 5, 2)
    one(layers.Conv2DTranspose(4, 3, dilation_rate=2), 5, 5, 2)


def test_sizes_that_are_not_known() -> None:
    x = keras.Input((None, None, 3))
    plain = layers.Conv2D(4, 3, strides=2)(layers.Conv2D(4, 3, padding="same")(x))
    same(keras.Model(x, plain), torch.randn(2, 9, 8, 3))
    kept = keras.Model(x, layers.Conv2D(4, 3, strides=2, padding="same")(x))
    assert "kept: Conv2D" in same(kept, torch.randn(2, 9, 8, 3), plain=False).text


def test_one_turn_at_the_entrance_and_one_at_the_end() -> None:
    stack = [keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.Conv2D(4, 2), layers.Flatten()]
    source = same(keras.Sequential(stack), torch.randn(2, 8, 8, 1))
    assert source.text.count("permute") == 2
    check_format(source.file())
