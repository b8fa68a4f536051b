"""Pooling: windows, global, masked."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from tests.convert.running import check_format, one, same


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [None, 1, 2, 3])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_windows(padding: str, strides: Any, size: int) -> None:
    one(layers.MaxPooling2D(size, strides, padding), 9, 10, 3)
    one(layers.AveragePooling2D(size, strides, padding), 9, 10, 3)
    one(layers.MaxPooling1D(size, strides, padding), 9, 2)
    one(layers.AveragePooling1D(size, strides, padding), 9, 2)
    one(layers.MaxPooling3D(size, strides, padding), 5, 5, 4, 2)
    one(layers.AveragePooling3D(size, strides, padding), 5, 5, 4, 2)


def test_layouts() -> None:
    one(layers.MaxPooling2D(2, data_format="channels_first"), 2, 9, 9)
    one(layers.AveragePooling2D(2, padding="same", data_format="channels_first"), 2, 9, 9)
    assert "permute" not in one(layers.GlobalAveragePooling2D(data_format="channels_first"), 5, 4, 3).text


@pytest.mark.parametrize("keepdims", [False, True])
def test_global(keepdims: bool) -> None:
    for rank, shape in ((1, (5, 3)), (2, (5, 4, 3)), (3, (2, 5, 4, 3))):
        for kind in ("Max", "Average"):
            layer = getattr(layers, f"Global{kind}Pooling{rank}D")
            assert "permute" not in one(layer(keepdims=keepdims), *shape).text
            if rank == 2:
                stack = [keras.Input(shape), layers.Conv2D(4, 2), layer(keepdims=keepdims)]
                same(keras.Sequential(stack), torch.randn(2, *shape))


def test_a_mask_leaves_steps_out() -> None:
    x = keras.Input((5,), dtype="int64")
    y = layers.GlobalAveragePooling1D()(layers.Embedding(9, 4, mask_zero=True)(x))
    source = same(keras.Model(x, y), torch.tensor([[1, 2, 0, 0, 0], [3, 0, 4, 5, 6]]))
    assert "mask = x != 0" in source.text
    check_format(source.file())


def test_same_padding_of_unknown_sizes_is_kept() -> None:
    x = keras.Input((None, 3))
    source = same(keras.Model(x, layers.MaxPooling1D(2, padding="same")(x)), torch.randn(2, 5, 3), plain=False)
    assert "kept: MaxPooling1D" in source.text
