"""Weights of the written class start as Keras's do."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.convert import network
from kerastorch.convert.layers.initial import start
from tests.convert.running import classes

NAMES = [
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "zeros", "ones",
    "random_normal", "random_uniform", "truncated_normal", "orthogonal",
    keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal"), keras.initializers.Constant(0.3),
]  # fmt: skip


@pytest.mark.parametrize("initializer", NAMES, ids=str)
def test_same_distribution(initializer: Any) -> None:
    stack = [
        layers.Conv2D(24, 3, kernel_initializer=initializer),
        layers.DepthwiseConv2D(3, depth_multiplier=2, depthwise_initializer=initializer),
        layers.SeparableConv2D(32, 3, depthwise_initializer=initializer, pointwise_initializer=initializer),
        layers.Conv2DTranspose(40, 2, kernel_initializer=initializer),
        layers.Dense(64, kernel_initializer=initializer, bias_initializer=keras.initializers.Constant(0.1)),
    ]
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((12, 12, 8)), *stack])
    source = network(model)
    assert len(source.notes) == (2 if initializer == "orthogonal" else 0)  # the two depthwise weights
    made = classes(source.file())["Network"]().state_dict()
    for name, weight in model.state_dict().items():
        if initializer == "orthogonal" and "depthwise" in name:
            continue
        assert made[name].shape == weight.shape
        spread = weight.std().item()
        assert made[name].mean().item() == pytest.approx(
            weight.mean().item(), abs=6 * spread / weight.numel() ** 0.5 + 1e-6
        )
        if weight.numel() > 300:
            assert made[name].std().item() == pytest.approx(spread, rel=0.15)
            assert made[name].abs().max().item() == pytest.approx(weight.abs().max().item(), rel=0.35)


def test_what_cannot_be_written_gets_a_note() -> None:
    def own(shape: Any, dtype: Any = None) -> Any:
        return torch.ones(tuple(shape))

    assert start("weight", own, (2, 3)) is None
    source = network(keras.Sequential([keras.Input((3,)), layers.Dense(2, kernel_initializer=own)]))
    assert "starts with torch's default" in source.notes[0]
