"""`SpectralNormalization` beside Keras's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import layers
from kerastorch.base import serialization
from tests.contract.layer_contract import run_layer_contract


def test_contract() -> None:
    import keras

    run_layer_contract(
        layers.SpectralNormalization,
        {"layer": layers.Dense(3, name="inner"), "power_iterations": 2},
        (4, 5),
        keras_init_kwargs={"layer": keras.layers.Dense(3, name="inner"), "power_iterations": 2},
        expected_state_keys=["weight", "vector_u", "layer.weight", "layer.bias"],
        float64=False,  # Keras's kernel becomes float32 in the first training call
    )


def _pair(inner: str, kwargs: dict[str, Any], x: torch.Tensor, iterations: int) -> tuple[Any, Any]:
    import keras

    ours = layers.SpectralNormalization(getattr(layers, inner)(**kwargs), power_iterations=iterations)
    theirs = keras.layers.SpectralNormalization(getattr(keras.layers, inner)(**kwargs), power_iterations=iterations)
    ours(x), theirs(x)
    generator = np.random.default_rng(0)
    for weight in theirs.weights:
        weight.assign(generator.normal(size=tuple(weight.shape)).astype("float32"))
    by_name = {w.path.rpartition("/")[2]: w.value.detach().numpy() for w in theirs.weights}
    for weight in ours.weights:
        weight.data.copy_(weight.keras_layout.to_torch(torch.tensor(by_name[weight.name])))
    return ours, theirs


@pytest.mark.parametrize("iterations", [1, 3])
@pytest.mark.parametrize(
    ("inner", "kwargs", "x"),
    [
        ("Dense", {"units": 3}, torch.randn(4, 5)),
        (
            "Embedding",
            {"input_dim": 6, "output_dim": 3},
            torch.tensor([[1.0, 2.0], [5.0, 0.0]]),
        ),  # Keras casts the output to the input's dtype
    ],
)
def test_five_training_calls_like_keras(inner: str, kwargs: dict[str, Any], x: torch.Tensor, iterations: int) -> None:
    ours, theirs = _pair(inner, kwargs, x, iterations)
    for _ in range(5):
        torch.testing.assert_close(ours(x, training=True), theirs(x, training=True), rtol=1e-5, atol=1e-5)
    by_name = {w.path.rpartition("/")[2]: w.value.detach() for w in theirs.weights}
    for weight in ours.weights:
        torch.testing.assert_close(
            weight.keras_layout.to_keras(weight.detach()), by_name[weight.name], rtol=1e-5, atol=1e-6
        )


def test_the_largest_singular_value_goes_to_one() -> None:
    layer = layers.SpectralNormalization(layers.Dense(4, kernel_initializer="random_normal"), power_iterations=20)
    x = torch.randn(2, 6)
    for _ in range(3):
        layer(x, training=True)
    largest = torch.linalg.matrix_norm(layer.layer.kernel.detach(), ord=2)
    torch.testing.assert_close(largest, torch.tensor(1.0), rtol=1e-3, atol=1e-3)


def test_inference_and_zeros_change_nothing() -> None:
    layer = layers.SpectralNormalization(layers.Dense(2, kernel_initializer="zeros"))
    layer(torch.ones(1, 3))
    before = layer.get_weights()
    layer(torch.ones(1, 3))
    layer(torch.ones(1, 3), training=True)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_config_round_trip() -> None:
    import keras

    layer = layers.SpectralNormalization(layers.Dense(2, name="d"), power_iterations=2, name="s")
    config = serialization.serialize_keras_object(layer)
    assert serialization.deserialize_keras_object(config).power_iterations == 2
    assert keras.saving.deserialize_keras_object(config).layer.units == 2


def test_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="`power_iterations`"):
        layers.SpectralNormalization(layers.Dense(2), power_iterations=0)
    with pytest.raises(ValueError, match="a `kernel` or `embeddings`"):
        layers.SpectralNormalization(layers.ReLU())(torch.zeros(2, 3))
