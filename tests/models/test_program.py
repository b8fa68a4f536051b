"""What a step minimises, accumulation, precision, and the user's own steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers
from tests.parity.fits import CLASSES, SPARSE, X, Y, difference, fit_both, pair, quietly


def build(kind: Any = keras.Model, units: int = 1) -> Any:
    inputs = keras.Input((4,))
    return kind(inputs, layers.Dense(units)(inputs))


class Custom(keras.Model):
    """As in Keras's guide to custom training on torch."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        self.zero_grad()
        y_pred = self(x, training=True)
        loss = self.compute_loss(y=y, y_pred=y_pred)
        loss.backward()
        trainable_weights = [v for v in self.trainable_weights]
        gradients = [v.value.grad for v in trainable_weights]
        with torch.no_grad():
            self.optimizer.apply(gradients, trainable_weights)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def test_the_guides_train_step_trains_as_the_engine_does() -> None:
    own, plain = build(Custom), build()
    assert isinstance(own, Custom)
    own.set_weights(plain.get_weights())
    for model in (own, plain):
        model.compile("adam", "mse", metrics=["mae"])
        model.history_ = model.fit(X, Y, epochs=3, batch_size=8, shuffle=False, verbose=0).history
    for mine, wanted in zip(own.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-6)
    np.testing.assert_allclose(own.history_["loss"], plain.history_["loss"], rtol=1e-6)


def test_super_train_step_and_own_compute_loss_and_metrics() -> None:
    class Own(keras.Model):
        steps = 0

        def train_step(self, data: Any) -> Any:
            self.steps += 1
            return super().train_step(data)

        def compute_loss(self, y: Any = None, y_pred: Any = None, **_: Any) -> Any:
            return ((y - y_pred) ** 2).mean() * 3

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return {**super().compute_metrics(x, y, y_pred, sample_weight), "extra": torch.tensor(2.0)}

    model = build(Own)
    model.compile("sgd", "mse", metrics=["mae"])
    before = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert before["extra"] == 2.0
    assert before["loss"] == pytest.approx(3 * float(((model(X).detach() - torch.from_numpy(Y)) ** 2).mean()), rel=1e-5)
    model.fit(X, Y, batch_size=10, verbose=0)
    assert model.steps == 4


def test_a_gan_with_two_optimizers_and_its_own_compile() -> None:
    class Gan(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.maker, self.judge = keras.Sequential([layers.Dense(4)]), keras.Sequential([layers.Dense(1)])
            self.tracker = keras.metrics.Mean(name="d_loss")
            self.built = True

        @property
        def metrics(self) -> Any:
            return [self.tracker]

        def compile(self, d_optimizer: Any, g_optimizer: Any, loss_fn: Any) -> None:
            super().compile()
            self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

        def train_step(self, data: Any) -> Any:
            real = data[0]
            for part, optimizer, truth in ((self.judge, self.d_optimizer, 1.0), (self.maker, self.g_optimizer, 0.0)):
                self.zero_grad()
                found = self.judge(keras.ops.concatenate([self.maker(keras.random.normal((len(real), 3))), real]))
                loss = self.loss_fn(torch.full_like(found, truth), found)
                loss.backward()
                with torch.no_grad():
                    optimizer.apply([v.value.grad for v in part.trainable_weights], part.trainable_weights)
            self.tracker.update_state(loss)
            return {"d_loss": self.tracker.result()}

    model = Gan()
    model.maker.build((None, 3))
    model.judge.build((None, 4))
    before = model.get_weights()
    optimizers = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
    model.compile(*optimizers, keras.losses.BinaryCrossentropy(from_logits=True))
    assert list(model.fit(X, epochs=2, verbose=0).history) == ["d_loss"]
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def penalized(k: Any) -> Any:
    class Adds(k.layers.Layer):  # type: ignore[name-defined, misc]
        def call(self, x: Any) -> Any:
            self.add_loss(1e-2 * k.ops.sum(x))
            return x

    inputs = k.Input((4,))
    hidden = Adds()(k.layers.Dense(3, kernel_regularizer="l2", activity_regularizer=k.regularizers.L2(0.01))(inputs))
    return k.Model(inputs, k.layers.Dense(1, bias_regularizer=k.regularizers.L1(0.1))(hidden))


def test_added_losses_and_penalties_are_keras_s() -> None:
    options = {"optimizer": "sgd", "loss": "mse"}
    ours, theirs, worst = fit_both(penalized, X, Y, lambda k: options, epochs=3, batch_size=16, validation_data=(X, Y))
    assert worst < 1e-5
    mine, wanted = (sorted(float(v.detach()) for v in m.losses) for m in (ours, theirs))
    np.testing.assert_allclose(mine, wanted, rtol=1e-5)


def test_added_losses_alone_are_enough() -> None:
    class Adds(layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(torch.mean(x**2))
            return x

    inputs = keras.Input((4,))
    model = keras.Model(inputs, Adds()(layers.Dense(2)(inputs)))
    model.compile("adam")
    losses = model.fit(X, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def wrapped() -> Any:
    return keras.Model(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)))


def regularized() -> Any:
    hidden = layers.Dense(5, activation="tanh", kernel_regularizer="l2")
    return keras.Sequential([keras.Input((4,)), hidden, layers.Dense(1)])


@pytest.mark.parametrize("make", [wrapped, regularized])
def test_accumulation_is_exact_with_a_short_last_window(make: Any) -> None:
    small, big = make().double(), make().double()
    big.set_weights(small.get_weights())
    small.compile(keras.optimizers.SGD(0.1), "mse", accumulate_grad_batches=3)
    big.compile(keras.optimizers.SGD(0.1), "mse")
    small.fit(X[:37], Y[:37], batch_size=4, epochs=2, shuffle=False, verbose=0)
    big.fit(X[:37], Y[:37], batch_size=12, epochs=2, shuffle=False, verbose=0)
    assert int(small.optimizer.iterations) == int(big.optimizer.iterations) == 8
    for a, b in zip(small.get_weights(), big.get_weights(), strict=True):
        assert a.dtype == np.float64
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true", "mixed_bfloat16", "32", "64", "float32"])
def test_precisions_train(precision: str) -> None:
    model = regularized()
    model.compile("adam", "mse", precision=precision)
    losses = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.predict(X, verbose=0).shape == (40, 1)


@pytest.mark.parametrize(("algorithm", "theirs"), [("norm", "global_clipnorm"), ("value", "clipvalue")])
def test_gradient_clipping_is_keras_s(algorithm: str, theirs: str) -> None:
    import keras as real

    a, b = pair(lambda k: k.Sequential([k.Input((4,)), k.layers.Dense(3, activation="softmax")]))
    a.compile(keras.optimizers.SGD(0.5), SPARSE, gradient_clip_val=0.01, gradient_clip_algorithm=algorithm)
    b.compile(real.optimizers.SGD(0.5, **{theirs: 0.01}), SPARSE)
    a.fit(X, CLASSES, shuffle=False, verbose=0)
    quietly(lambda: b.fit(X, CLASSES, shuffle=False, verbose=0))
    assert max(difference(u, v) for u, v in zip(a.get_weights(), quietly(b.get_weights), strict=True)) < 1e-6
