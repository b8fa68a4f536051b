"""Layers that stay as they are."""

from __future__ import annotations

from typing import Any

import torch

import kerastorch as keras
from kerastorch import layers
from tests.convert.running import check_format, one, same


class Scale(keras.Layer):
    def __init__(self, power: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.power = power

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor**self.power


def test_a_users_layer_is_imported_and_built() -> None:
    source = one(Scale(2), 5, plain=False)
    assert "self.scale = Scale(2)  # kept: Scale is your own class" in source.text
    assert "self.scale.build((None, 5))" in source.text and any(
        line.endswith(" import Scale") for line in source.imports
    )
    assert source.notes == ("self.scale is kept as a layer of Keras: Scale is your own class.",)
    check_format(source.file())


def test_a_layer_torch_does_not_have() -> None:
    source = one(layers.EinsumDense("ab,bc->ac", output_shape=4, bias_axes="c"), 5, plain=False)
    assert "import kerastorch as keras" in source.imports
    source = one(layers.AlphaDropout(0.0), 5, plain=False)
    assert "keras.layers.AlphaDropout(0.0)" in source.text


def test_objects_as_arguments_are_written_as_configs() -> None:
    layer = layers.EinsumDense("ab,bc->ac", 4, kernel_initializer=keras.initializers.HeNormal(seed=1), name="named")
    source = one(layer, 5, plain=False)
    assert '"class_name": "HeNormal"' in source.text
    check_format(source.file())


def test_an_activity_regularizer_is_said() -> None:
    source = one(layers.Dense(3, activity_regularizer="l2"), 5, plain=False)
    assert any("activity regularizer" in note for note in source.notes)


def test_the_same_layer_twice_and_several_inputs() -> None:
    a, b = keras.Input((3,)), keras.Input((3,))
    scale = Scale()
    model = keras.Model([a, b], scale(a) + scale(b))
    assert same(model, torch.randn(2, 3), torch.randn(2, 3), plain=False).text.count("Scale(") == 1
