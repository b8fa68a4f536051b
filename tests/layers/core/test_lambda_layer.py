"""`Lambda` beside Keras's: the same values, and never code in a file."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import layers
from kerastorch.base import registry, serialization
from kerastorch.nn.keras_tensor import KerasTensor


def to_the_second(x: Any) -> Any:
    return x**2


def scaled(x: Any, factor: float = 1.0, training: Any = None, mask: Any = None) -> Any:
    return x * (10.0 if training else factor) + (0.0 if mask is None else mask)


def test_values_and_gradients_like_keras() -> None:
    import keras

    x = np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3)
    ours, theirs = torch.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    layers.Lambda(to_the_second)(ours).sum().backward()
    keras.layers.Lambda(to_the_second)(theirs).sum().backward()
    np.testing.assert_allclose(ours.grad, theirs.grad)


@pytest.mark.parametrize("training", [False, True])
def test_arguments_training_and_mask(training: bool) -> None:
    layer = layers.Lambda(scaled, arguments={"factor": 3.0})
    assert layer(torch.ones(1), training=training).tolist() == [10.0 if training else 3.0]
    assert layer(torch.ones(1), mask=torch.ones(1)).tolist() == [4.0]


@pytest.mark.parametrize(
    ("output_shape", "wanted"), [(None, (None, 3)), ((7,), (None, 7)), (lambda s: (s[0], 9), (None, 9))]
)
def test_symbolic_shapes(output_shape: Any, wanted: tuple[Any, ...]) -> None:
    layer = layers.Lambda(lambda x: x + 1, output_shape=output_shape)
    assert layer(KerasTensor((None, 3))).shape == wanted
    assert layer.compute_output_shape((None, 3)) == wanted


def test_mask_of_the_output() -> None:
    layer = layers.Lambda(lambda x: x, mask=lambda inputs, mask: inputs[..., 0] > 0)
    assert layer(torch.tensor([[1.0], [-1.0]]))._keras_mask.tolist() == [True, False]


def test_a_registered_function_makes_the_round_trip() -> None:
    with registry.scope({"to_the_second": to_the_second}):
        config = serialization.serialize_keras_object(layers.Lambda(to_the_second, name="sq"))
        again = serialization.deserialize_keras_object(json.loads(json.dumps(config)))
    assert again.function is to_the_second and again.name == "sq"


def test_a_lambda_is_never_written() -> None:
    layer = layers.Lambda(lambda x: x)
    with pytest.raises(ValueError, match="Files hold no code"):
        serialization.serialize_keras_object(layer)
    assert layers.Lambda.from_config(layer.get_config()).function is layer.function  # cloning in memory works


def test_kerass_lambda_is_never_read() -> None:
    import keras

    config = keras.saving.serialize_keras_object(keras.layers.Lambda(lambda x: x))
    with pytest.raises(ValueError, match="never runs code"):
        serialization.deserialize_keras_object(config)


def test_an_unregistered_function_is_refused_by_name() -> None:
    config = serialization.serialize_keras_object(layers.Lambda(to_the_second))
    with pytest.raises(ValueError, match="'to_the_second'"):
        serialization.deserialize_keras_object(config)


def test_copies() -> None:
    assert copy.deepcopy(layers.Lambda(lambda x: x + 1))(torch.zeros(1)).tolist() == [1.0]


def test_function_is_checked() -> None:
    with pytest.raises(TypeError, match="`function` of Lambda"):
        layers.Lambda(3)  # type: ignore[arg-type]
