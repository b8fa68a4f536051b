"""Bases of layers without weights."""

from __future__ import annotations

from typing import Any

import torch

from kerastorch import layers
from kerastorch.layers.pointwise import Moving, Pointwise
from kerastorch.nn.keras_tensor import KerasTensor


def test_layers_without_weights_are_built_when_made() -> None:
    assert layers.ReLU().built and layers.Flatten().built and layers.Dropout(0.1).built


def test_a_subclass_with_a_build_is_not() -> None:
    class Scaled(Pointwise):
        def build(self, input_shape: Any) -> None:
            self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

        def call(self, inputs: Any) -> Any:
            return inputs * self.factor

    layer = Scaled()
    assert not layer.built
    assert layer(torch.ones(2)).tolist() == [1.0, 1.0]


def test_moving_keeps_integer_dtypes() -> None:
    class Same(Moving, Pointwise):
        def call(self, inputs: Any) -> Any:
            return inputs

    assert Same()(KerasTensor((None, 3), dtype="int64")).dtype == "int64"
    assert Same(dtype="bfloat16")(KerasTensor((None, 3))).dtype == "bfloat16"
