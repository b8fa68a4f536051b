from __future__ import annotations

import functools
from typing import Any

import keras
import pytest
import torch
from torch import nn

from kerastorch import optimizers
from kerastorch.base import registry, serialization
from kerastorch.optimizers import SGD, Adam, Optimizer
from kerastorch.optimizers.resolve import from_any

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras and NumPy 2
NAMES = [
    "SGD",
    "Adam",
    "AdamW",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Adamax",
    "Nadam",
    "Lion",
    "Ftrl",
    "Adafactor",
    "Lamb",
]


@pytest.fixture
def weights() -> list[nn.Parameter]:
    return [nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(1))]


@pytest.mark.parametrize("name", NAMES)
def test_names_in_any_case(name: str) -> None:
    for written in (name, name.lower(), name.upper()):
        assert type(optimizers.get(written)) is getattr(optimizers, name)
    assert type(registry.resolve("optimizers", name.lower())) is getattr(optimizers, name)


@pytest.mark.parametrize("name", NAMES)
def test_kerass_configs_load_and_the_reverse(name: str) -> None:
    theirs = getattr(keras.optimizers, name)(learning_rate=0.25, clipnorm=1.0)
    written = keras.optimizers.serialize(theirs)
    for load in (optimizers.get, optimizers.deserialize, serialization.deserialize_keras_object):
        ours = load(written)
        assert type(ours) is getattr(optimizers, name)
        assert ours.get_config() == theirs.get_config()
    back = keras.saving.deserialize_keras_object(optimizers.serialize(ours))
    assert back.get_config() == theirs.get_config()


def test_what_compile_may_be_given(weights: list[nn.Parameter]) -> None:
    specs: list[Any] = [
        ("adam", Adam),
        (Adam, Adam),
        (Adam(0.5), Adam),
        ({"class_name": "adam", "config": {"learning_rate": 0.5}}, Adam),
        (torch.optim.Adam, torch.optim.Adam),
        (functools.partial(torch.optim.SGD, lr=0.1), torch.optim.SGD),
        (lambda params: SGD(0.5), SGD),
        (torch.optim.RMSprop(weights[:1]), torch.optim.RMSprop),
    ]
    for spec, kind in specs:
        optimizer = from_any(spec, weights)
        assert type(optimizer) is kind
        for w in weights:
            w.grad = torch.ones_like(w)
        before = weights[0].detach().clone()
        optimizer.step()
        assert not torch.equal(weights[0], before)
    kept = torch.optim.Adam(weights)
    assert from_any(kept, weights) is kept
    assert from_any(None, weights) is None


@pytest.mark.parametrize(
    ("spec", "error", "text"),
    [
        ("adm", ValueError, "Did you mean 'adam'"),
        ("Addam", ValueError, "Did you mean 'Adam'"),
        (0.1, TypeError, "`optimizer`: expected a name"),
        (int, TypeError, "`optimizer`"),
        ({"class_name": "adm", "config": {}}, ValueError, "Did you mean 'adam'"),
        (lambda params: None, TypeError, "functools.partial"),
    ],
)
def test_what_it_may_not(spec: Any, error: type[Exception], text: str, weights: list[nn.Parameter]) -> None:
    with pytest.raises(error, match=text):
        from_any(spec, weights)


def test_keras_objects_are_pointed_to_ours(weights: list[nn.Parameter]) -> None:
    with pytest.raises(TypeError, match=r"Use `kerastorch.optimizers.Adam`"):
        from_any(keras.optimizers.Adam(), weights)


def test_parameters_of_another_model(weights: list[nn.Parameter]) -> None:
    other = nn.Parameter(torch.ones(1))
    with pytest.raises(ValueError, match="1 of 2 parameters that are not the model's"):
        from_any(torch.optim.SGD([weights[0], other]), weights)
    with pytest.raises(ValueError, match="Make a new optimizer"):
        ours = SGD()
        ours.build([other])
        from_any(ours, weights)


def test_an_optimizer_of_ones_own_by_name() -> None:
    class Mine(SGD):
        pass

    written = optimizers.serialize(Mine(0.5))
    with pytest.raises(ValueError, match="Unknown optimizer"):
        optimizers.deserialize(written)
    loaded = optimizers.deserialize(written, custom_objects={"Mine": Mine})
    assert isinstance(loaded, Mine)
    assert loaded.learning_rate == 0.5
    with registry.scope({"Mine": Mine}):
        assert isinstance(optimizers.get("Mine"), Optimizer)
