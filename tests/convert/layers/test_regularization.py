"""Dropout and noise."""

from __future__ import annotations

import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.convert import network
from tests.convert.running import classes, one


def test_off() -> None:
    for make, shape in (
        (lambda: layers.Dropout(0.0), (3,)),
        (lambda: layers.SpatialDropout1D(0.0), (4, 3)),
        (lambda: layers.SpatialDropout2D(0.0), (4, 4, 3)),
        (lambda: layers.SpatialDropout3D(0.0), (2, 4, 4, 3)),
        (lambda: layers.GaussianNoise(0.0), (3,)),
    ):
        one(make(), *shape)


def test_same_numbers_from_the_same_seed() -> None:

    model = keras.Sequential([keras.Input((50,)), layers.Dropout(0.4)])
    made = classes(network(model).file())["Network"]()
    outputs = []
    for net in (model, made):
        net.train()
        torch.manual_seed(3)
        outputs.append(net(torch.ones(4, 50)))
    assert torch.equal(*outputs) and 0 < (outputs[0] == 0).float().mean() < 1


def test_whole_channels_and_the_share_of_noise() -> None:

    spatial = keras.Sequential([keras.Input((6, 6, 40)), layers.SpatialDropout2D(0.5)])
    y = classes(network(spatial).file())["Network"]().train()(torch.ones(8, 6, 6, 40))
    assert set(y.mean((1, 2)).unique().tolist()) == {0.0, 2.0}
    noise = keras.Sequential([keras.Input((400,)), layers.GaussianNoise(0.5)])
    made = classes(network(noise).file())["Network"]()
    assert made.train()(torch.zeros(20, 400)).std().item() == pytest.approx(0.5, rel=0.05)
    assert made.eval()(torch.zeros(20, 400)).std().item() == 0


def test_a_shape_of_the_noise_is_kept() -> None:
    assert "kept: Dropout" in one(layers.Dropout(0.0, noise_shape=(None, 1)), 3, plain=False).text
