"""Losses by name and by config."""

from __future__ import annotations

import inspect

import pytest

from kerastorch import losses
from kerastorch.base import registry

FUNCTIONS = [
    n for n, f in vars(losses).items() if inspect.isfunction(f) and n not in ("get", "serialize", "deserialize")
]
CLASSES = [n for n, c in vars(losses).items() if inspect.isclass(c) and n not in ("Loss", "LossFunctionWrapper")]


@pytest.mark.parametrize(
    "alias", ["mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "kld", "KLD", "bce", "BCE"]
)
def test_aliases_of_keras(alias: str) -> None:
    import keras

    assert losses.get(alias).__name__ == keras.losses.get(alias).__name__


@pytest.mark.parametrize("name", FUNCTIONS + CLASSES)
def test_every_loss_has_a_name_a_keras_twin_and_its_arguments(name: str) -> None:
    import keras

    ours, theirs = getattr(losses, name), getattr(keras.losses, name)
    assert registry.slot_and_name(ours) == ("losses", name)
    parameters = inspect.signature(ours).parameters.values(), inspect.signature(theirs).parameters.values()
    mine, keras_own = ([(p.name, p.default) for p in side] for side in parameters)
    assert mine == keras_own


def test_nothing_of_keras_is_missing() -> None:
    import keras

    assert {n for n in dir(keras.losses) if n[0] != "_"} <= set(dir(losses))


def test_functions_and_classes() -> None:
    import keras

    assert losses.get(None) is None
    assert losses.get("mean_squared_error") is losses.mean_squared_error
    assert isinstance(losses.get("MeanSquaredError"), losses.MeanSquaredError)
    assert isinstance(losses.get(losses.Hinge), losses.Hinge)
    assert losses.deserialize(keras.losses.serialize(keras.losses.poisson)) is losses.poisson
    assert keras.losses.deserialize(losses.serialize(losses.poisson)) is keras.losses.poisson
    old = {"class_name": "CategoricalCrossentropy", "config": {"from_logits": True}}
    assert losses.get(old).from_logits is True


def test_custom_objects() -> None:
    class Mine(losses.Loss):
        pass

    assert isinstance(losses.deserialize("Mine", custom_objects={"Mine": Mine}), Mine)


def test_misspelt_names_and_wrong_things() -> None:
    with pytest.raises(ValueError, match="Did you mean 'mean_squared_error'"):
        losses.get("mean_squared_eror")
    with pytest.raises(TypeError, match="a loss object, a function or None, received 3"):
        losses.get(3)
