"""`Wrapper`: one layer around another."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from kerastorch.base import serialization


class Twice(layers.Wrapper):
    def call(self, inputs: Any) -> Any:
        return self.layer(self.layer(inputs))


def test_the_layer_inside_is_built_and_found() -> None:
    wrapper = Twice(layers.Dense(3, name="inner"))
    assert wrapper(torch.zeros(2, 3)).shape == (2, 3)
    assert wrapper.layer.built
    assert sorted(wrapper.state_dict()) == ["layer.bias", "layer.weight"]
    assert len(wrapper.trainable_weights) == 2


def test_config_like_keras() -> None:
    import keras

    wrapper = layers.Wrapper(layers.Dense(3, name="inner"), name="outer")
    theirs = keras.layers.Wrapper(keras.layers.Dense(3, name="inner"), name="outer")
    config = serialization.serialize_keras_object(wrapper)["config"]
    assert set(config) == set(theirs.get_config())
    again = layers.Wrapper.from_config(config)
    assert again.name == "outer" and again.layer.units == 3
    from_keras = layers.Wrapper.from_config(keras.saving.serialize_keras_object(theirs)["config"])
    assert from_keras.layer.name == "inner"


def test_only_layers_go_inside() -> None:
    with pytest.raises(ValueError, match="TorchModuleWrapper"):
        Twice(torch.nn.Linear(2, 2))
