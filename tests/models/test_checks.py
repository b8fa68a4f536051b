"""What is looked at before the first step; the refusals themselves stand in tests/contract/test_bad_input.py."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch import layers, losses
from kerastorch.data.choose import choose
from kerastorch.models import checks
from kerastorch.models.compiled import make_loss


def compiled(loss, units=3, activation="softmax", shape=(4,)):
    net = keras.Sequential([keras.Input(shape), layers.Dense(units, activation)])
    net.compile("sgd", loss)
    return net


@pytest.mark.parametrize(
    ("loss", "needs"),
    [
        ("sparse_categorical_crossentropy", ("numbers", False, None)),
        (losses.SparseCategoricalCrossentropy(True, ignore_class=255), ("numbers", True, 255)),
        (losses.CategoricalCrossentropy(), ("rows", False, None)),
        (losses.BinaryCrossentropy(from_logits=True), ("binary", True, None)),
        (torch.nn.CrossEntropyLoss(), ("any", True, None)),
        ("mse", None),
        (lambda y_true, y_pred: (y_true - y_pred).abs(), None),
    ],
)
def test_needs(loss, needs):
    found = checks.Needs.of(make_loss(loss))
    assert (None if found is None else (found.labels, found.from_logits, found.ignore_class)) == needs


def test_labels_of_pixels_and_a_label_to_be_ignored():
    x, y = np.zeros((4, 5, 5, 4), "float32"), np.zeros((4, 5, 5), "uint8")
    net = compiled(losses.SparseCategoricalCrossentropy(ignore_class=255), shape=(5, 5, 4))
    y[0, 1, 2] = 255
    net.fit(x, y, verbose=0)
    y[2, 3, 4] = 3
    with pytest.raises(ValueError, match=r"received 3 at index \(2, 3, 4\)"):
        net.fit(x, y, verbose=0)


def test_outputs_are_checked_against_their_own_targets():
    x = keras.Input((4,))
    net = keras.Model(x, {"a": layers.Dense(3, "softmax")(x), "b": layers.Dense(1)(x)})
    net.compile("sgd", {"a": "sparse_categorical_crossentropy", "b": "mse"})
    data, a, b = np.zeros((8, 4), "float32"), np.arange(8) % 3, np.zeros((8, 1), "float32")
    one, other = {"a": a + 1, "b": b}, {"a": a, "b": b[:, [0, 0]]}
    for wrong, says in ((one, r"`y\['a'\]`.*start at 1"), (other, r"`y\['b'\]`")):
        with pytest.raises(ValueError, match=says):
            net.fit(data, wrong, verbose=0)
    net.fit(data, {"a": a, "b": b}, verbose=0)


def test_what_adds_losses_needs_no_compiled_loss():
    for layer in (layers.Dense(2, kernel_regularizer="l2"), layers.Dense(2, activity_regularizer="l2"), Adding()):
        net = keras.Sequential([keras.Input((4,)), layer])
        net.compile("sgd")
        assert np.isfinite(net.fit(np.ones((8, 4), "float32"), verbose=0).history["loss"][0])


class Adding(layers.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(shape=(4,))

    def call(self, x):
        self.add_loss((x * self.w).sum())
        return x


def test_a_loss_that_a_made_up_output_would_break():
    """A user's loss is tried on what the model gives where one half everywhere is no possible output."""

    def likelihood(y_true, y_pred):
        return -torch.distributions.Dirichlet(y_pred).log_prob(y_true)

    def inverse(y_true, y_pred):
        return torch.linalg.inv(y_pred).sum((1, 2)) + 0 * y_true

    y = np.full((8, 3), 1 / 3, "float32")
    compiled(likelihood).fit(np.ones((8, 4), "float32"), y, verbose=0)
    net = keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x.reshape(-1, 2, 2)), layers.Dense(2)])
    net.compile("sgd", inverse)
    net.fit(np.random.default_rng(0).random((8, 4), dtype="float32"), np.zeros(8, "float32"), verbose=0)


def test_nothing_is_looked_at_twice(monkeypatch):
    net = compiled("mse", 1, None)
    tried = []
    monkeypatch.setattr(checks, "_check_term", lambda *a, **k: tried.append(1))
    x, y = np.zeros((8, 4), "float32"), np.zeros((8, 1), "float32")
    for _ in range(3):
        net.train_on_batch(x, y)
    net.fit(x, y, verbose=0)
    assert len(tried) == 1


def test_checks_draw_no_random_numbers():
    def noisy(y_true, y_pred):
        return (y_true - y_pred + torch.randn_like(y_pred)).square()

    for loss in (noisy, "mse"):
        net = compiled(loss, 1, None)
        source = choose(np.zeros((8, 4), "float32"), np.zeros((8, 1), "float32"), device="cpu")
        before = torch.get_rng_state()
        net._prepare(source, check=True, usage="fit")
        assert torch.equal(torch.get_rng_state(), before)


def test_the_checks_are_cheap():
    """All of it costs little more than one pass over the numbers."""
    x, y = np.zeros((20_000, 784), "float32"), np.zeros(20_000, "int64")
    net = compiled("sparse_categorical_crossentropy", 10, shape=(784,))
    source = choose(x, y, device="cpu", batch_size=128)
    net._prepare(source, check=False, usage="fit")
    cost = min(_seconds(lambda: net._prepare(source, check=True, usage="fit")) for _ in range(5))
    bare = min(_seconds(lambda: torch.from_numpy(x).sum()) for _ in range(5))
    assert cost < 2 * bare + 0.01


def _seconds(run):
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin
