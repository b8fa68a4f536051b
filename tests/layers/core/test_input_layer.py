"""`Input` and `InputLayer` beside Keras's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kerastorch import layers
from kerastorch.base import serialization
from kerastorch.nn.keras_tensor import KerasTensor


@pytest.mark.parametrize(
    "kwargs",
    [
        {"shape": (3,)},
        {"shape": ()},
        {"shape": (None, 4), "batch_size": 2, "dtype": "int32", "name": "tokens"},
        {"batch_shape": (2, 3)},
        {"shape": [28, 28, 1], "optional": True},
    ],
)
def test_like_keras(kwargs: dict[str, Any]) -> None:
    import keras

    ours, theirs = layers.Input(**kwargs), keras.Input(**kwargs)
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    layer, wanted = layers.InputLayer(**{"name": "x", **kwargs}), keras.layers.InputLayer(**{"name": "x", **kwargs})
    written = json.loads(json.dumps(serialization.serialize_keras_object(layer)))
    keras_written = json.loads(json.dumps(keras.saving.serialize_keras_object(wanted)))
    keras_written["config"].pop("ragged", None)
    assert written["config"] == keras_written["config"]
    assert keras.saving.deserialize_keras_object(written).batch_shape == layer.batch_shape
    assert serialization.deserialize_keras_object(keras_written).batch_shape == layer.batch_shape


def test_the_tensor_knows_its_layer() -> None:
    tensor = layers.Input((3,), name="x")
    assert isinstance(tensor, KerasTensor)
    assert tensor.node is not None and isinstance(tensor.node.target, layers.InputLayer)
    assert tensor.node.inputs == [] and tensor.name == tensor.node.target.name == "x"


def test_around_a_tensor() -> None:
    given = KerasTensor((None, 3), dtype="int32")
    assert layers.Input(tensor=given) is given
    layer = layers.InputLayer(input_tensor=given, shape=(3,))
    assert layer.batch_shape == (None, 3) and layer.dtype == "int32"


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({}, "either `shape` or `batch_shape`.*neither"),
        ({"shape": (3,), "batch_shape": (None, 3)}, "either `shape` or `batch_shape`"),
        ({"batch_shape": (2, 3), "batch_size": 2}, "`batch_size` of Input"),
        ({"shape": 3}, r"Input\(shape=\(3,\)\)"),
        ({"shape": (-1,)}, "integers >= 0"),
        ({"shape": (2.5,)}, "integers >= 0"),
        ({"shape": (3,), "sparse": True}, "`sparse` of Input"),
        ({"shape": (3,), "dtype": "floot32"}, "Did you mean 'float32'"),
        ({"tensor": 3}, "a symbolic tensor"),
        ({"tensor": KerasTensor((None, 3)), "shape": (4,)}, "`shape` of Input"),
        ({"tensor": KerasTensor((None, 3)), "batch_size": 2}, "`batch_size` of Input"),
        ({"tensor": KerasTensor((None, 3)), "batch_shape": (2, 3)}, "`batch_shape` of Input"),
        ({"tensor": KerasTensor((None, 3)), "dtype": "int32"}, "`dtype` of Input"),
    ],
)
def test_contradictions_are_refused(kwargs: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        layers.Input(**kwargs)


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="shpe"):
        layers.InputLayer(shape=(3,), shpe=(3,))


def test_older_words() -> None:
    assert layers.InputLayer(input_shape=(3,)).batch_shape == (None, 3)
    assert layers.InputLayer(batch_input_shape=(2, 3)).batch_shape == (2, 3)
