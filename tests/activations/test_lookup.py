"""Activations by name and by config."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch

from kerastorch import activations
from kerastorch.base import registry

NAMES = [
    n for n, f in vars(activations).items() if inspect.isfunction(f) and n not in ("get", "serialize", "deserialize")
]


def test_nothing_of_keras_is_missing() -> None:
    import keras

    assert {n for n in dir(keras.activations) if n[0] != "_"} <= set(dir(activations))


@pytest.mark.parametrize("name", NAMES)
def test_names_arguments_and_configs_of_keras(name: str) -> None:
    import keras

    ours, theirs = activations.get(name), keras.activations.get(name)
    assert ours.__name__ == theirs.__name__ and ours is getattr(activations, name)
    parameters = inspect.signature(ours).parameters.values(), inspect.signature(theirs).parameters.values()
    mine, keras_own = ([(p.name, p.default) for p in side] for side in parameters)
    assert mine == keras_own
    assert activations.serialize(ours) == keras.activations.serialize(theirs)
    assert activations.deserialize(keras.activations.serialize(theirs)) is ours


def test_none_callables_and_own_functions() -> None:
    def mine(x: Any) -> Any:
        return x + 1

    assert activations.get(None) is activations.linear and activations.get(mine) is mine
    registry.register_custom(mine, "tests", "mine")
    try:
        assert activations.deserialize(activations.serialize(mine)) is mine
        assert activations.get("tests>mine") is mine
    finally:
        registry.global_custom_objects().pop("tests>mine")
    assert activations.deserialize("other", custom_objects={"other": mine})(torch.zeros(1)) == 1


def test_misspelt_names_and_wrong_things() -> None:
    with pytest.raises(ValueError, match="Did you mean 'relu'"):
        activations.get("relo")
    with pytest.raises(TypeError, match="received 3"):
        activations.get(3)
