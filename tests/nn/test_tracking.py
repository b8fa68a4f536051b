"""Layers and variables in lists and dicts belong to the layer that holds them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from kerastorch.layers import Dense, Layer
from kerastorch.nn.tracking import TrackedDict, TrackedList, holds_modules, track
from kerastorch.nn.variable import Variable


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ([], TrackedList),
        ({}, TrackedDict),
        ([1, 2], list),
        ((1, 2), tuple),
        ((), tuple),
        ({"a": 1}, dict),
        ([[nn.ReLU()]], TrackedList),
        ((nn.ReLU(),), TrackedList),
        ({"a": [nn.ReLU()]}, TrackedDict),
        ("text", str),
    ],
)
def test_what_is_tracked(value: Any, wanted: type) -> None:
    assert type(track(value)) is wanted


def test_holds_modules() -> None:
    assert holds_modules({"a": [(Variable(1.0),)]}) and not holds_modules([1, {"b": 2}])


def test_list_methods() -> None:
    items = TrackedList([nn.Linear(1, 1)])
    items.append(nn.Linear(1, 2))
    items += [nn.Linear(1, 3)]
    items.insert(0, nn.Linear(1, 4))
    assert [m.out_features for m in items] == [4, 1, 2, 3]
    assert sorted(items.state_dict()) == sorted(f"{i}.{n}" for i in range(4) for n in ("bias", "weight"))
    del items[0]
    items[0] = nn.Linear(1, 9)
    assert items.pop().out_features == 3
    assert [m.out_features for m in items] == [9, 2] and len(list(items.parameters())) == 4
    items[:1] = [nn.ReLU(), nn.ReLU()]
    assert len(items) == 3 and items[-1].out_features == 2
    assert items == list(items) and items + [1] == [*items, 1] and [1] + items == [1, *items]  # noqa: RUF005
    assert isinstance(hash(items), int)


def test_dict_methods() -> None:
    items = TrackedDict({"a": nn.Linear(1, 1)})
    items["b"] = nn.Linear(1, 2)
    items.update(c=nn.Linear(1, 3))
    del items["a"]
    assert sorted(items.state_dict()) == ["b.bias", "b.weight", "c.bias", "c.weight"]
    assert list(items) == ["b", "c"] and len(items) == 2 and "b" in items
    assert items.pop("b").out_features == 2 and items == dict(items)


class Blocks(Layer):
    def __init__(self) -> None:
        super().__init__()
        self.blocks: Any = []
        for units in (3, 2):
            self.blocks.append(Dense(units))
        self.heads = {"a": Dense(1), "b": [Dense(1)]}

    def call(self, inputs: Any) -> Any:
        for block in self.blocks:
            inputs = block(inputs)
        return self.heads["a"](inputs) + self.heads["b"][0](inputs)


def test_sublayers_in_lists_and_dicts() -> None:
    layer = Blocks()
    layer(torch.zeros(2, 4))
    keys = {"blocks.0.weight", "blocks.1.bias", "heads.a.weight", "heads.b.0.bias"}
    assert keys <= set(layer.state_dict()) and len(layer.trainable_weights) == 8
    assert {id(p) for p in layer.parameters()} == {id(w) for w in layer.weights}


def test_copies_hold_their_own_layers() -> None:
    layer = Blocks()
    layer(torch.zeros(2, 4))
    made = copy.deepcopy(layer)
    assert made.blocks[0] is not layer.blocks[0]
    assert made.blocks[0] is made.blocks._modules["0"]
    with torch.no_grad():
        made.blocks[0].weight.add_(1)
    assert not torch.equal(made.blocks[0].weight, layer.blocks[0].weight)


def test_moving_reaches_lists() -> None:
    layer = Blocks()
    layer(torch.zeros(2, 4))
    assert layer.double().blocks[0].weight.dtype is torch.float64


def test_variables_in_lists() -> None:
    class Scales(Layer):
        def build(self, input_shape: Any) -> None:
            self.scales = [self.add_weight(shape=(), initializer="ones", name=f"scale{i}") for i in range(2)]

        def call(self, inputs: Any) -> Any:
            return inputs * self.scales[0] * self.scales[1]

    layer = Scales()
    layer(torch.ones(1)).sum().backward()
    assert sorted(layer.state_dict()) == ["scales.0", "scales.1"]
    assert [w.name for w in layer.weights] == ["scale0", "scale1"]
    assert all(w.grad is not None for w in layer.weights)
