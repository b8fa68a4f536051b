"""`Model` itself: its three forms, subclasses and their building, layers by name, JSON."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers
from kerastorch.models.model import flat_names, model_from_json
from tests.parity.fits import X, Y, pair, quietly

ROWS = torch.from_numpy(X)


def written(k: Any) -> Any:
    class Written(k.Model):  # type: ignore[name-defined, misc]
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.first = k.layers.Dense(units, name="first")
            self.norm = k.layers.BatchNormalization(name="norm")
            self.rest = [k.layers.Dense(2, name="x"), {"y": k.layers.Dense(1, name="y")}]

        def call(self, x: Any, training: Any = None) -> Any:
            x = self.norm(self.first(x), training=training)
            return self.rest[1]["y"](self.rest[0](x))

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    return Written()


FORMS: dict[str, Any] = {
    "Functional": lambda: (lambda x: keras.Model(x, layers.Dense(1)(x)))(keras.Input((4,))),
    "by keywords": lambda: (lambda x: keras.Model(outputs=layers.Dense(1)(x), inputs=x, name="m"))(keras.Input((4,))),
    "ModuleModel": lambda: keras.Model(nn.Linear(4, 1)),
    "Written": lambda: written(keras),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_a_model_a_layer_and_a_module(form: str) -> None:
    model = FORMS[form]()
    assert all(isinstance(model, kind) for kind in (keras.Model, layers.Layer, nn.Module))
    assert type(model).__name__ == form.replace("by keywords", "Functional")
    assert model(ROWS).shape == (40, 1)
    model.compile("sgd", "mse")
    assert len(model.fit(X, Y, verbose=0).history["loss"]) == 1


WRONG: list[tuple[Any, str]] = [
    (lambda: keras.Model(3), "Model: expected symbolic tensors.*or a torch module, received 3. Start from"),
    (lambda: keras.Model(X), r"received an array of shape \(40, 4\)"),
    (lambda: keras.Model(foo=1), "Model: unknown keyword.*'foo'"),
    (lambda: keras.Model(keras.Input((4,)), 3), "`outputs` of Model: expected symbolic tensors, received 3"),
    (lambda: keras.Model(3, keras.Input((4,))), "`inputs` of Model: expected symbolic tensors, received 3"),
    (lambda: keras.Model(inputs=keras.Input((4,)), foo=2), "Model: unknown keyword.*'foo'"),
]


@pytest.mark.parametrize(("make", "says"), WRONG)
def test_what_makes_no_model_is_refused(make: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        make()


def test_build_follows_call_on_shapes_without_running_it_on_data() -> None:
    model = written(keras)
    assert (model.built, model.weights) == (False, [])
    model.build((None, 4))
    assert (model.built, len(model.weights), model.count_params()) == (True, 10, 15 + 12 + 8 + 3)
    assert float(model.norm.moving_mean.abs().max()) == 0.0
    before = model.get_weights()
    model.build((None, 7))  # built once only
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_build_of_several_inputs_takes_their_shapes() -> None:
    class Two(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = layers.Dense(2), layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.a(x["a"]) + self.b(x["b"])

    model = Two()
    model.build({"a": (None, 3), "b": (None, 5)})
    assert [tuple(w.shape) for w in model.get_weights()] == [(3, 2), (2,), (5, 2), (2,)]
    assert model({"a": torch.zeros(1, 3), "b": torch.zeros(1, 5)}).shape == (1, 2)


def test_an_own_build_is_run_with_the_shape() -> None:
    class Own(keras.Model):
        def build(self, input_shape: Any) -> None:
            self.seen = tuple(input_shape)
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

        def call(self, x: Any) -> Any:
            return x * self.scale

    model = Own()
    assert torch.equal(model(ROWS), ROWS)
    assert (model.seen[-1], model.built, len(model.trainable_weights)) == (4, True, 1)


def test_subclasses_are_keras_s_in_values_weights_and_layers() -> None:
    def make(k: Any) -> Any:
        model = written(k)
        model(np.zeros((1, 4), "float32"))
        return model

    ours, theirs = pair(make)
    assert [m.name for m in ours.layers] == [m.name for m in theirs.layers]
    for training in (False, True):
        mine, wanted = ours(ROWS, training=training), quietly(lambda t=training: theirs(ROWS, training=t))
        torch.testing.assert_close(mine, wanted, rtol=1e-5, atol=1e-5)
    for mine, wanted in zip(ours.get_weights(), quietly(theirs.get_weights), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-5, atol=1e-6)
    assert [len(m.trainable_weights) for m in (ours, theirs)] == [8, 8]


def test_a_model_without_call_says_what_it_lacks() -> None:
    class Empty(keras.Model):
        pass

    with pytest.raises(NotImplementedError, match="Empty: expected a `call` or `forward` method, received neither"):
        Empty()(ROWS)


def test_forward_is_as_good_as_call() -> None:
    class Forward(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 1)

        def forward(self, x: Any) -> Any:
            return self.linear(x)

    model = Forward()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert torch.equal(model(ROWS), model.linear(ROWS))
    assert sorted(model.state_dict()) == ["linear.bias", "linear.weight"]


def test_layers_by_name_and_place() -> None:
    model = written(keras)
    model(ROWS)
    assert [m.name for m in model.layers] == ["first", "norm", "x", "y"]
    assert model.get_layer("norm") is model.norm
    assert model.get_layer(index=-1) is model.get_layer(name="y")
    wrapped = keras.Model(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1)))
    assert wrapped.get_layer("1") is wrapped.module[1]


LOOKUPS: list[tuple[dict[str, Any], str]] = [
    ({}, r"get_layer: expected either a name or an index, received \(None, None\)"),
    ({"name": "norm", "index": 0}, r"received \('norm', 0\)"),
    ({"index": 4}, "`index` of get_layer: expected less than 4, received 4"),
    ({"index": -5}, "received -5"),
    ({"name": "nrom"}, "'nrom'.*Did you mean 'norm'"),
]


@pytest.mark.parametrize(("options", "says"), LOOKUPS)
def test_layers_that_are_not_there(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        written(keras).get_layer(**options)


def test_json_goes_both_ways() -> None:
    import keras as real

    def make(k: Any) -> Any:
        inputs = k.Input((4,), name="i")
        return k.Model(inputs, {"o": k.layers.Dense(2, name="d")(inputs)}, name="m")

    ours, theirs = pair(make)
    assert json.loads(ours.to_json(indent=2, sort_keys=True))["class_name"] == "Functional"
    for text in (ours.to_json(), quietly(theirs.to_json)):
        for k in (keras, real):
            made = quietly(lambda k=k, text=text: k.models.model_from_json(text))
            assert (made.name, [m.name for m in made.layers], list(made.output)) == ("m", ["i", "d"], ["o"])


def test_json_of_own_classes_needs_them() -> None:
    model = written(keras)
    text = model.to_json()
    assert model_from_json(text, {"Written": type(model)}).units == 3
    with pytest.raises(ValueError, match=r"Written.*custom_objects"):
        model_from_json(text)


def test_pickling_leaves_out_what_belongs_to_a_run() -> None:
    model = FORMS["Functional"]()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    copied = pickle.loads(pickle.dumps(model))
    assert copied.history is None
    assert copied.evaluate(X, Y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-6)


def test_flat_names() -> None:
    a, b = keras.Input((1,), name="a"), keras.Input((1,), name="b")
    assert flat_names({"x": a, "y": [b]}) == ["a", "b"]
