"""What stands around a step: penalties, schedules, clipping, and refusals."""

from __future__ import annotations

import pytest
import torch

import kerastorch as keras
from kerastorch import layers, regularizers
from kerastorch.convert import training
from tests.convert.running import value


def compiled(optimizer: object = "sgd") -> keras.Model:
    stack = [
        keras.Input((4,)),
        layers.Dense(3, kernel_regularizer=regularizers.L1L2(0.1, 0.02), bias_regularizer="l1"),
        layers.Dense(2, kernel_regularizer=regularizers.L2(0.02)),
        layers.Dense(2, kernel_regularizer="l2", trainable=False),
    ]
    model = keras.Sequential(stack)
    model.compile(optimizer, "mse")
    return model


def test_penalties_are_those_of_fit() -> None:
    model = compiled()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1)
    piece = training.penalty(model, "model")
    assert piece is not None and not piece.notes
    torch.testing.assert_close(value(piece, model=model), sum(model.losses))
    assert training.penalty(keras.Sequential([keras.Input((4,)), layers.Dense(3)])) is None


def test_other_regularizers_are_named() -> None:
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, kernel_regularizer=regularizers.OrthogonalRegularizer())]
    )
    piece = training.penalty(model)
    assert piece is not None and piece.expression == "0.0" and "OrthogonalRegularizer" in piece.notes[0]


def test_schedule_and_clipping_are_there_only_if_asked_for() -> None:
    model = compiled()
    assert training.schedule(model) is None and training.clipping(model) is None
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
    piece = training.schedule(compiled(keras.optimizers.Adam(rate)))
    assert piece is not None and piece.helpers[0].startswith("def learning_rate(step):")
    kept = compiled(keras.optimizers.Lion(rate, clipnorm=1.0))
    assert training.schedule(kept) is None and training.clipping(kept) is None


@pytest.mark.parametrize("what", [training.loss, training.losses, training.metrics, training.optimizer])
def test_refusals(what: object) -> None:
    assert callable(what)
    with pytest.raises(TypeError, match="expected a Keras model"):
        what(torch.nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"expected a compiled model, .*Call `model\.compile"):
        what(keras.Sequential([keras.Input((4,)), layers.Dense(3)]))


def test_what_fit_does_beside_is_said() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, kernel_constraint="non_neg")])
    model.compile("sgd", "mse")
    assert training.optimizer(model).notes == (
        "The constraint NonNeg of dense.weight is left out: `fit` applies it after each update.",
    )

    class Own(keras.Model):
        def train_step(self, data: object) -> dict[str, float]:
            return {}

    x = keras.Input((4,))
    model = Own(x, layers.Dense(3)(x))
    model.compile("sgd", "mse")
    assert "own `train_step` is left out" in training.loss(model).notes[0]


def test_masked_outputs_are_said() -> None:
    x = keras.Input((5,), dtype="int64")
    model = keras.Model(x, layers.Dense(2)(layers.Embedding(9, 4, mask_zero=True)(x)))
    model.compile("sgd", "mse")
    assert "leaves masked steps out" in training.loss(model).notes[0]
