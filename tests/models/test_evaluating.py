"""`evaluate`, `predict` and the methods for one batch: what they share with `fit`, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch.models.evaluating import Evaluating

X = np.random.default_rng(0).random((20, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


def model() -> keras.Model:
    made = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    made.compile("sgd", "mse", metrics=["mae"], device="cpu")
    assert isinstance(made, Evaluating)
    return made


@pytest.mark.parametrize("size", [1, 7, 20, 64])
def test_the_figures_do_not_depend_on_the_batches(size: int) -> None:
    made = model()
    outputs = made.predict(X, batch_size=size, verbose=0)
    found = made.evaluate(X, Y, batch_size=size, verbose=0, return_dict=True)
    assert found == pytest.approx({"loss": np.mean((outputs - Y) ** 2), "mae": np.mean(np.abs(outputs - Y))}, rel=1e-5)
    assert made.evaluate(X, Y, batch_size=size, verbose=0) == [found["loss"], found["mae"]]


def test_nothing_is_learnt() -> None:
    made = model()
    made.train_on_batch(X, Y)
    before, drawn = {k: v.clone() for k, v in made.state_dict().items()}, torch.get_rng_state()
    made.evaluate(X, Y, verbose=0)
    made.predict(X, verbose=0)
    made.test_on_batch(X, Y)
    made.predict_on_batch(X)
    assert all(torch.equal(before[k], v) for k, v in made.state_dict().items())
    assert torch.equal(drawn, torch.get_rng_state())


def test_a_batch_is_one_step() -> None:
    one, other = model(), model()
    other.set_weights(one.get_weights())
    told = one.train_on_batch(X, Y, return_dict=True)
    history = other.fit(X, Y, batch_size=20, shuffle=False, verbose=0).history
    assert told == {name: values[0] for name, values in history.items()}
    assert all(map(np.array_equal, one.get_weights(), other.get_weights()))
    assert np.array_equal(one.predict_on_batch(X), one.predict(X, verbose=0))


def test_predict_needs_no_compile() -> None:
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    assert made.predict(X, verbose=0).shape == (20, 1)
    with pytest.raises((RuntimeError, ValueError), match="compile"):
        made.evaluate(X, Y, verbose=0)
