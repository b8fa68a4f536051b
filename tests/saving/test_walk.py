"""The order and the paths in which objects are visited; beside Keras in tests/parity/test_files_models.py."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import kerastorch as keras
from kerastorch.saving.walk import entries, wrapped_module


def _paths(model: Any) -> list[str]:
    return [entry.path for entry in entries(model)]


def test_attributes_come_in_alphabetical_order_private_ones_last() -> None:
    class Own(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self._early, self.beta, self.alpha = (keras.layers.Dense(1) for _ in range(3))
            self.same_again = self.beta

    assert _paths(Own()) == ["", "alpha", "beta", "_early"]


def test_things_in_containers_are_named_by_class_and_count() -> None:
    class Own(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            dense, relu = keras.layers.Dense, keras.layers.ReLU
            self.parts = [dense(1), relu(), dense(1), [dense(1)], {"k": relu()}]

    assert _paths(Own()) == [
        "", "parts/dense", "parts/re_lu", "parts/dense_1", "parts/container/dense", "parts/container_1/re_lu",
    ]  # fmt: skip


def test_a_property_of_the_user_counts_and_one_that_fails_does_not() -> None:
    class Own(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self._inner = keras.layers.Dense(1)

        @property
        def broken(self) -> Any:
            raise RuntimeError("not now")

        @property
        def shown(self) -> Any:
            return self._inner

    assert _paths(Own()) == ["", "shown"]


def test_a_model_around_a_torch_module_is_one_object() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    model = keras.Model(net)
    model.compile(torch.optim.SGD(net.parameters(), lr=0.1), "mse")
    assert _paths(model) == ["", "optimizer"]
    assert wrapped_module(model) is net


def test_generated_code_masks_and_inputs_of_sequential_models_have_no_place() -> None:
    stack = [keras.layers.Embedding(5, 2, mask_zero=True), keras.layers.GlobalAveragePooling1D()]
    model = keras.Sequential([keras.Input((4,), dtype="int32"), *stack])
    assert _paths(model) == ["", "layers/embedding", "layers/global_average_pooling1d"]


def test_an_object_that_holds_itself_ends() -> None:
    class Own(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.__dict__["loop"] = [self]
            self.loop.append(self.loop)

    assert _paths(Own()) == [""]
