"""Graphs: shared layers, parts of models, operators, torch modules, masks, configs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers
from tests.parity.fits import X, Y, pair

ROWS = torch.from_numpy(X)


def test_shared_layers_and_parts_of_a_model() -> None:
    inputs = keras.Input((4,))
    shared = layers.Dense(4, name="shared")
    hidden = shared(shared(inputs))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    assert len(model.weights) == 4
    head = keras.Model(model.input, model.get_layer("shared").output)
    torch.testing.assert_close(head(ROWS), shared(ROWS))
    tail = keras.Model(hidden, model.output)
    torch.testing.assert_close(tail(shared(shared(ROWS))), model(ROWS))
    assert len(keras.Model(model.inputs, [m.output for m in model.layers])(ROWS)) == 3


def test_operators_slices_torch_functions_and_ops() -> None:
    def compute(x: Any) -> Any:
        a = x[:, :2] * 2 + torch.relu(x[:, 2:]) - keras.ops.mean(x, axis=-1, keepdims=True)
        b = keras.ops.concatenate([torch.cat([a, x], dim=-1), x.unsqueeze(1).squeeze(1)], axis=1)
        return -abs(1 - nn.functional.gelu(b) ** 2 / 2)

    inputs = keras.Input((4,))
    torch.testing.assert_close(keras.Model(inputs, compute(inputs))(ROWS), compute(ROWS))


@pytest.mark.parametrize("wrap", [layers.TorchModuleWrapper, lambda m: m])
def test_torch_modules_are_trained_as_part_of_the_graph(wrap: Any) -> None:
    inputs = keras.Input((4,))
    linear = nn.Linear(4, 5)
    model = keras.Model(inputs, layers.Dense(1)(wrap(linear)(inputs)))
    before = linear.weight.detach().clone()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert len(model.trainable_weights) == 4
    assert not torch.equal(before, linear.weight)


def test_masks_are_edges() -> None:
    def make(k: Any) -> Any:
        inputs = k.Input((4,), dtype="int32")
        return k.Model(inputs, k.layers.GlobalAveragePooling1D()(k.layers.Embedding(5, 3, mask_zero=True)(inputs)))

    ours, theirs = pair(make)
    x = torch.tensor([[1, 2, 0, 0], [3, 0, 0, 0], [1, 1, 1, 1]])
    torch.testing.assert_close(ours(x), theirs(x))
    stack = keras.Sequential([layers.Embedding(5, 3, mask_zero=True), layers.GlobalAveragePooling1D()])
    stack(x)
    stack.set_weights(ours.get_weights())
    torch.testing.assert_close(stack(x), theirs(x))


def mixed(k: Any) -> Any:
    a = k.Input((4,), name="a")
    d = k.layers.Dense(3, name="d")
    h = k.layers.ReLU()(k.layers.Add()([d(a), d(a)]) * 2.0 + 1.0)
    h = k.ops.concatenate([h, a], axis=-1)[:, :5]
    e = k.layers.Flatten()(k.layers.Conv1D(2, 3)(k.layers.Reshape((5, 1))(h)))
    return k.Model(a, {"o": k.Sequential([k.Input((6,)), k.layers.Dense(2)])(e), "p": h})


def test_configs_go_both_ways_and_clones_are_fresh() -> None:
    import keras as real

    ours, theirs = pair(mixed)
    wanted = ours(ROWS)
    made = [
        real.models.model_from_json(ours.to_json()),
        keras.models.model_from_json(theirs.to_json()),
        keras.models.clone_model(ours),
    ]
    assert not torch.allclose(made[2](ROWS)["o"], wanted["o"])
    for model in made:
        model.set_weights(ours.get_weights())
        torch.testing.assert_close(model(ROWS), wanted)


def test_a_subclass_with_arguments_of_its_own_keeps_them() -> None:
    class Own(keras.Model):
        def __init__(self, units: int = 2, **kwargs: Any) -> None:
            inputs = keras.Input((4,))
            super().__init__(inputs, layers.Dense(units)(inputs), **kwargs)

    assert keras.models.clone_model(Own(5)).count_params() == 25


def test_predict_keeps_the_structure() -> None:
    inputs = keras.Input((4,))
    model = keras.Model(inputs, {"a": layers.Dense(1)(inputs), "b": [layers.Dense(2)(inputs), inputs]})
    found = model.predict(X, batch_size=7, verbose=0)
    assert found["a"].shape == (40, 1)
    np.testing.assert_array_equal(found["b"][1], X)
