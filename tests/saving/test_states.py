"""What each kind of object declares, writes and takes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch.saving.states import Declared, state_of
from kerastorch.saving.walk import Entry


def _state(owner: Any, model: Any = None) -> Any:
    return state_of(Entry("somewhere", owner), model)


def test_shapes_are_keras_shapes() -> None:
    layer = keras.layers.Conv2D(5, (3, 2))
    layer.build((None, 8, 8, 4))
    state = _state(layer)
    assert {k: v.shape for k, v in state.wanted({}).items()} == {"0": (3, 2, 4, 5), "1": (5,)}
    assert {k: v.shape for k, v in state.save().items()} == {"0": (3, 2, 4, 5), "1": (5,)}


@pytest.mark.parametrize(
    ("a", "b", "fits"),
    [
        ("float32", "bfloat16", True),
        ("int64", "uint8", True),
        ("int32", "float32", False),
        ("complex64", "float32", False),
    ],
)
def test_kinds_of_numbers_must_agree(a: str, b: str, fits: bool) -> None:
    assert Declared((2,), a).fits(Declared((2,), b)) is fits
    assert not Declared((2,), a).fits(Declared((1, 2), a))


def test_a_layer_that_saves_in_its_own_way_is_asked() -> None:
    class Vocabulary(keras.layers.Layer):
        words = np.arange(3)

        def save_own_variables(self, store: Any) -> None:
            store["words"] = self.words

        def load_own_variables(self, store: Any) -> None:
            self.words = store["words"]

    state = _state(Vocabulary())
    assert state.wanted({}) == {"words": Declared((3,), "int64")}
    state.load({"words": np.ones(3, int)})
    assert state.owner.words.tolist() == [1, 1, 1]


def test_text_is_not_written() -> None:
    class Texts(keras.layers.Layer):
        def save_own_variables(self, store: Any) -> None:
            store["text"] = np.array(["a"])

    with pytest.raises(TypeError, match="numbers"):
        _state(Texts()).save()


def test_a_torch_module_gives_its_state_dict() -> None:
    module = nn.BatchNorm1d(3)
    state = _state(module)
    values = state.save()
    assert list(values) == list(module.state_dict())
    values["running_mean"] = np.full(3, 7.0, "float32")
    state.load(values)
    assert module.running_mean.tolist() == [7.0, 7.0, 7.0]


def test_the_state_of_a_torch_optimizer_survives() -> None:
    def make() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(1)
        net = nn.Linear(3, 2)
        return net, torch.optim.Adam(net.parameters(), lr=0.1)

    def step(net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        net(torch.ones(4, 3)).pow(2).sum().backward()
        optimizer.step()

    net, optimizer = make()
    step(net, optimizer)
    state = _state(optimizer)
    assert state.path == "somewhere/torch"
    other, resumed = make()
    other.load_state_dict(net.state_dict())
    values = {k: v.copy() for k, v in state.save().items()}
    found = {k: Declared(v.shape, v.dtype.name) for k, v in values.items()}
    assert _state(resumed).wanted(found) == {k: v._replace(name=k) for k, v in found.items()}
    _state(resumed).load(values)
    step(net, optimizer)
    step(other, resumed)
    torch.testing.assert_close(dict(other.named_parameters()), dict(net.named_parameters()), rtol=0, atol=0)


def test_strange_keys_for_a_torch_optimizer_are_not_wanted() -> None:
    net = nn.Linear(3, 2)
    state = _state(torch.optim.SGD(net.parameters(), lr=0.1))
    found = {k: Declared((9,), "float32") for k in ("7.momentum", "x.momentum", "__class__.y", "1.momentum")}
    assert {k: v.shape for k, v in state.wanted(found).items()} == {"1.momentum": (2,)}


def test_an_optimizer_saved_before_its_first_step_changes_nothing() -> None:
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    found = {"0": Declared((), "int32"), "1": Declared((), "float32")}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _state(keras.optimizers.Adam(), layer).wanted(found) is None
        assert list(_state(keras.optimizers.SGD(), layer).wanted(found) or ()) == ["0", "1"], "all it has"


def test_another_optimizer_s_state_is_left_alone_with_a_warning() -> None:
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    optimizer = keras.optimizers.SGD(0.1)
    found = {str(i): Declared((), "float32") for i in range(6)}
    with pytest.warns(UserWarning, match="2 variables, the file 6"):
        assert _state(optimizer, layer).wanted(found) is None
