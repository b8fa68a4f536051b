"""Flatten, reshape, permute, pad, crop, enlarge."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from tests.convert.running import one, same

MAKERS = [
    (lambda: layers.Flatten(), (4, 3)),
    (lambda: layers.Flatten(), (4,)),
    (lambda: layers.Flatten(), ()),
    (lambda: layers.Flatten(data_format="channels_first"), (4, 3, 2)),
    (lambda: layers.Reshape((2, -1)), (4, 3)),
    (lambda: layers.Reshape((6, 2)), (4, 3)),
    (lambda: layers.Reshape((-1,)), (4, 3)),
    (lambda: layers.Permute((2, 1)), (4, 3)),
    (lambda: layers.RepeatVector(3), (4,)),
    (lambda: layers.ZeroPadding1D((1, 2)), (4, 3)),
    (lambda: layers.ZeroPadding2D(((1, 2), (0, 3))), (4, 3, 2)),
    (lambda: layers.ZeroPadding2D(1, data_format="channels_first"), (4, 3, 2)),
    (lambda: layers.ZeroPadding3D(1), (2, 3, 4, 2)),
    (lambda: layers.Cropping1D((1, 1)), (5, 3)),
    (lambda: layers.Cropping2D(((1, 2), (0, 1))), (5, 4, 2)),
    (lambda: layers.Cropping2D(1, data_format="channels_first"), (4, 4, 4)),
    (lambda: layers.Cropping3D(1), (4, 3, 4, 2)),
    (lambda: layers.UpSampling1D(3), (4, 2)),
    (lambda: layers.UpSampling2D((2, 3)), (3, 4, 2)),
    (lambda: layers.UpSampling2D(2, interpolation="bilinear"), (3, 4, 2)),
    (lambda: layers.UpSampling2D(2, data_format="channels_first"), (3, 4, 2)),
    (lambda: layers.UpSampling3D(2), (2, 2, 3, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("make", "shape"), MAKERS)
def test_alone(make: Any, shape: tuple[int, ...]) -> None:
    one(make(), *shape)


@pytest.mark.parametrize(("make", "shape"), [pair for pair in MAKERS if len(pair[1]) == 3])
def test_behind_a_convolution(make: Any, shape: tuple[int, ...]) -> None:
    stack = [keras.Input(shape), layers.Conv2D(4, 1), make()]
    same(keras.Sequential(stack), torch.randn(2, *shape))


def test_flatten_of_single_cells_needs_no_turn() -> None:
    source = same(
        keras.Sequential([keras.Input((3, 3, 2)), layers.Conv2D(4, 3), layers.Flatten()]), torch.randn(2, 3, 3, 2)
    )
    assert source.text.count("permute") == 1


def test_cubic_enlarging_is_kept() -> None:
    assert "kept: UpSampling2D" in one(layers.UpSampling2D(2, interpolation="bicubic"), 3, 4, 2, plain=False).text
