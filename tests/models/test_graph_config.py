"""The config of a graph: what it says, that it says what Keras says, and what is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from tests.parity.fits import X, pair, quietly

ROWS = torch.from_numpy(X)


def shared(k: Any) -> Any:
    a = k.Input((4,), name="a")
    twice = k.layers.Dense(4, name="twice")
    return k.Model(a, k.layers.Add(name="add")([twice(twice(a)), a]), name="m")


def inputs_by_name(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    d = k.layers.Dense(2, name="d")
    return k.Model({"a": a, "b": b}, {"x": d(a), "y": k.layers.Concatenate(name="cat")([d(b), a])}, name="m")


def listed(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    return k.Model([a, b], [k.layers.Dense(2, name="d")(b), a], name="m")


def nest(k: Any) -> Any:
    inside = k.Input((4,), name="inside")
    inner = k.Model(inside, [k.layers.Dense(3, name="d")(inside), inside], name="inner")
    stack = k.Sequential([k.Input((3,), name="s"), k.layers.Dense(4, name="e")], name="stack")
    a = k.Input((4,), name="a")
    first = inner(a)
    second = inner(stack(first[0]))
    return k.Model(a, [second[0], k.layers.Add(name="add")([second[1], first[1]])], name="m")


def ends_of_models(k: Any) -> Any:
    inside = k.Input((4,), name="inside")
    inner = k.Model(inside, k.layers.Dense(4, name="d")(inside), name="inner")
    a = k.Input((4,), name="a")
    return k.Model(a, inner(inner(a)), name="m")


def keywords(k: Any) -> Any:
    a = k.Input((4,), name="a")
    drop = k.layers.Dropout(0.5, name="drop")(k.layers.Dense(3, name="d")(a), training=False)
    return k.Model(a, k.layers.BatchNormalization(name="bn")(inputs=drop, training=True), name="m")


MODELS = [shared, inputs_by_name, listed, nest, ends_of_models, keywords]


def plain(value: Any) -> Any:
    """As a JSON file has it."""
    return json.loads(json.dumps(value))


def links(config: dict[str, Any]) -> Any:
    """What is connected with what: names, places of calls, arguments."""
    calls = {}
    for layer in config["layers"]:
        found = plain(layer["inbound_nodes"])
        calls[layer["name"]] = (layer["class_name"], [(node["args"], given(node["kwargs"])) for node in found])
    return calls, plain(config["input_layers"]), plain(config["output_layers"])


def given(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keras also writes the arguments that were left out."""
    return {name: value for name, value in kwargs.items() if value not in (None, False) or name == "training"}


@pytest.mark.parametrize("make", [shared, inputs_by_name, nest, ends_of_models])
def test_the_links_are_those_that_keras_writes(make: Any) -> None:
    import keras as real

    mine, wanted = links(make(keras).get_config()), links(quietly(lambda: make(real).get_config()))
    assert mine == wanted


@pytest.mark.parametrize("make", MODELS)
def test_configs_are_read_here_and_by_keras(make: Any) -> None:
    import keras as real

    ours, theirs = pair(make)
    x = [ROWS, ROWS * 2] if make is listed else {"a": ROWS, "b": ROWS * 2} if make is inputs_by_name else ROWS
    wanted = ours(x)
    made = [
        keras.Model.from_config(ours.get_config()),
        keras.Model.from_config(plain(ours.get_config())),
        keras.Model.from_config(quietly(theirs.get_config)),
        quietly(lambda: real.Model.from_config(plain(ours.get_config()))),
    ]
    for model in made:
        assert (model.name, len(model.weights)) == ("m", len(ours.weights))
        quietly(lambda m=model: m.set_weights(ours.get_weights()))
        torch.testing.assert_close(quietly(lambda m=model: m(x)), wanted, rtol=1e-5, atol=1e-5)
    assert links(made[1].get_config()) == links(ours.get_config())


def test_a_config_is_read_without_being_changed() -> None:
    config = nest(keras).get_config()
    before = copy.deepcopy(config)
    keras.Model.from_config(config)
    assert config == before


def test_a_frozen_model_and_its_name_come_back() -> None:
    model = shared(keras)
    model.trainable = False
    made = keras.Model.from_config(model.get_config())
    assert (made.name, made.trainable, made.trainable_weights) == ("m", False, [])


def test_operators_slices_and_torch_functions_have_keras_s_names() -> None:
    import keras as real

    a = keras.Input((4,), name="a")
    hidden = torch.relu(a[:, 1:] * 2 - 1)
    model = keras.Model(a, keras.ops.sum(hidden.reshape(-1, 3, 1), axis=1) / 2)
    for k in (keras, real):
        made = quietly(lambda k=k: k.models.model_from_json(model.to_json()))
        torch.testing.assert_close(quietly(lambda m=made: m(ROWS)), model(ROWS))


def test_what_no_file_can_name_is_refused_but_weights_are_saved(tmp_path: Any) -> None:
    a = keras.Input((4,))
    model = keras.Model(a, layers.Dense(1)(torch.special.bessel_j0(a)))
    with pytest.raises(ValueError, match=r"bessel_j0.*expected one that Keras has a name for.*Layer"):
        model.get_config()
    model.save_weights(tmp_path / "w.weights.h5")
    before = model.get_weights()
    model.set_weights([w + 1 for w in before])
    model.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def histories(config: dict[str, Any]) -> list[Any]:
    """The [name, call, tensor] triples of the last layer's arguments."""
    args = config["layers"][-1]["inbound_nodes"][0]["args"]
    return [leaf["config"]["keras_history"] for leaf in args[0]]


def test_calls_that_wait_for_each_other_are_refused() -> None:
    config = shared(keras).get_config()
    histories(config)[0][0] = "add"
    with pytest.raises(ValueError, match=r"functional model.*some order.*wait for each other.*'add'"):
        keras.Model.from_config(config)


@pytest.mark.parametrize("where", [["nothing", 0, 0], ["add", 5, 0], ["twice", -1, 0]])
def test_ends_that_are_not_there_are_refused(where: list[Any]) -> None:
    config = shared(keras).get_config()
    config["output_layers"] = where
    with pytest.raises(ValueError, match=rf"functional model: expected a call.*of layer '{where[0]}'"):
        keras.Model.from_config(config)


def test_a_first_argument_may_be_named() -> None:
    a = keras.Input((4,), name="a")
    dense = layers.Dense(2, name="d")
    named, placed = keras.Model(a, dense(inputs=a)), keras.Model(a, dense(a))
    assert torch.equal(named(ROWS), placed(ROWS))
    assert keras.Model.from_config(named.get_config()).count_params() == 10
