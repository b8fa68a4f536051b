"""Whole models as classes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers
from kerastorch.convert import network
from tests.convert.models import MODELS
from tests.convert.running import check_format, classes, same


@pytest.mark.parametrize("name", MODELS)
def test_models(name: str) -> None:
    model, x, _ = MODELS[name]()
    rows = keras.tree.map_structure(lambda a: torch.as_tensor(a[:4]), x)
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    source = same(model, *(rows if isinstance(rows, list) else [rows]), plain=name != "with_custom")
    check_format(source.file())


def test_reads_as_a_person_would_write_it() -> None:
    stack = [
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]
    assert (
        network(keras.Sequential(stack), "Digits").file()
        == '''import torch.nn.functional as F
from torch import nn


class Digits(nn.Module):
    """(batch, 28, 28, 1) -> (batch, 10)"""

    def __init__(self):
        super().__init__()
        self.conv2d = nn.Conv2d(1, 32, 3)
        self.dropout = nn.Dropout(0.5)
        self.dense = nn.Linear(5408, 10)
        # Weights start as Keras's do, not as torch's.
        for layer in (self.conv2d, self.dense):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = x.permute(0, 3, 1, 2)  # (batch, channels, height, width), as torch's layers take it
        x = F.relu(self.conv2d(x))
        x = F.max_pool2d(x, 2)
        x = x.permute(0, 2, 3, 1).flatten(1)  # Keras's order: the channels change fastest
        x = self.dropout(x)
        return F.softmax(self.dense(x), dim=-1)
'''
    )


def test_names_that_are_no_identifiers() -> None:
    a, b = keras.Input((5,), name="left input"), keras.Input((5,), name="for")
    tower = layers.Dense(4, name="twin tower")
    model = keras.Model([a, b], [tower(a) - tower(b), layers.Dense(2, name="out-put")(a)])
    source = same(model, torch.randn(2, 5), torch.randn(2, 5))
    check_format(source.file())


def test_structures() -> None:
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    model = keras.Model({"a": a, "b": b}, {"sum": a + b, "more": [layers.Dense(2)(a), b]})
    data = {"a": torch.randn(2, 3), "b": torch.randn(2, 3)}
    check_format(same(model, data).file())
    same(keras.Model([a], [layers.Dense(1)(a)]), [torch.randn(2, 3)])
    x = keras.Input((4, 4, 2))
    y = layers.Conv2D(2, 1)(x)
    same(keras.Model(x, [x, y, layers.Dropout(0.0)(y), layers.Identity()(y), y]), torch.randn(2, 4, 4, 2))
    inner_in = keras.Input((4,))
    inner = keras.Model(inner_in, {"a": layers.Dense(2)(inner_in), "b": layers.Dense(3)(inner_in)})
    x = keras.Input((4,))
    parts = inner(x)
    same(keras.Model(x, [parts["a"], parts["b"] * 2]), torch.randn(2, 4))


def test_branches_do_not_overwrite_each_other() -> None:
    x = keras.Input((8,))
    arms = [layers.Dense(4, activation="relu")(x) for _ in range(4)]
    joined = layers.Concatenate()([layers.Add()(arms), *arms])
    model = keras.Model(x, [layers.Dense(4)(joined) * arms[0], joined, arms[2]])
    check_format(same(model, torch.randn(2, 8)).file())


def test_double_precision() -> None:
    stack = [keras.Input((4,), dtype="float64"), layers.Dense(3, dtype="float64"), layers.Dense(2, dtype="float64")]
    assert "self.to(torch.float64)" in same(keras.Sequential(stack), torch.randn(2, 4, dtype=torch.float64)).text


def test_names_that_the_file_needs() -> None:
    a, b = keras.Input((3,), name="torch"), keras.Input((3,), name="F")
    model = keras.Model([a, b], [torch.sin(layers.Dense(2, name="nn")(a)), layers.Dense(2, "relu", name="keras")(b)])
    same(model, torch.randn(2, 3), torch.randn(2, 3))


def test_frozen_layers_stay_frozen() -> None:
    model = keras.Sequential(
        [keras.Input((6, 6, 2)), layers.Conv2D(3, 3), layers.BatchNormalization(), layers.Flatten()]
    )
    for layer in model.layers[:2]:
        layer.trainable = False
    source = same(model, torch.randn(2, 6, 6, 2))
    made = classes(source.file())["Network"]()
    assert not any(p.requires_grad for p in made.parameters())


class Own(keras.Model):
    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first, self.last = layers.Dense(units), layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.last(torch.relu(self.first(inputs)))


def test_a_subclassed_model_is_kept_whole() -> None:
    model = Own(4)
    model.build((None, 5))
    source = network(model)
    assert "kept whole" in source.notes[0]
    made = classes(source.file())["Network"]()
    made.model.load_state_dict(model.state_dict())
    x = torch.randn(2, 5)
    assert torch.equal(made(x), model(x)) and made.model.training
    check_format(source.file())


def test_a_model_around_a_module() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    made = classes(network(keras.Model(net)).file())["Network"]()
    made.model.load_state_dict(net.state_dict())
    assert torch.equal(made(torch.ones(1, 3)), net(torch.ones(1, 3)))


def test_refusals() -> None:
    with pytest.raises(TypeError, match=r"expected a Keras model, received an object of type Linear\. A torch module"):
        network(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="expected a built model"):
        network(keras.Sequential([layers.Dense(2)]))
    for name in ("class", "a b", 3):
        with pytest.raises(ValueError, match="a Python identifier"):
            network(keras.Sequential([keras.Input((3,)), layers.Dense(2)]), name)  # type: ignore[arg-type]
