"""Whole fit histories and final weights, beside Keras and beside a bare loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch
from tests.parity.fits import CLASSES, IMAGES, SPARSE, X, Y, difference, fit_both, pair, quietly

WEIGHTS = np.linspace(0.1, 2.0, 40)
LIMIT = 2e-5


def mlp(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((4,)),
            k.layers.Dense(8, activation="relu", kernel_regularizer=k.regularizers.L1L2(1e-3, 1e-2)),
            k.layers.Dense(3, activation="softmax", activity_regularizer="l2"),
        ]
    )


def convnet(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((8, 8, 2)),
            k.layers.Conv2D(4, 3, padding="same", strides=2, activation="relu"),
            k.layers.BatchNormalization(),
            k.layers.MaxPooling2D(2),
            k.layers.Flatten(),
            k.layers.Dropout(0.0),
            k.layers.Dense(3, activation="softmax"),
        ]
    )


def two_outputs(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    hidden = k.layers.Dense(6, activation="tanh")
    both = k.layers.Concatenate()([hidden(a), hidden(b)])
    value = k.layers.Dense(1, name="value")(both)
    return k.Model([a, b], [value, k.layers.Dense(3, activation="softmax", name="kind")(both)])


def compiled(optimizer: str) -> Any:
    return lambda k: {
        "optimizer": optimizer,
        "loss": SPARSE,
        "metrics": ["accuracy"],
        "weighted_metrics": ["accuracy"],
    }


def close(ours: Any, theirs: Any, history: float) -> None:
    assert history < LIMIT
    for mine, wanted in zip(ours.get_weights(), quietly(theirs.get_weights), strict=True):
        assert difference(mine, wanted) < LIMIT


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "adagrad"])
@pytest.mark.parametrize("weights", [{}, {"sample_weight": WEIGHTS}, {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}}])
def test_an_mlp(optimizer: str, weights: dict[str, Any]) -> None:
    options = {"epochs": 4, "batch_size": 16, "validation_data": (X, CLASSES), **weights}
    close(*fit_both(mlp, X, CLASSES, compiled(optimizer), **options))


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_a_convnet_with_batch_normalization(optimizer: str) -> None:
    close(*fit_both(convnet, IMAGES, CLASSES, compiled(optimizer), epochs=3, batch_size=16, validation_split=0.2))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("weights", [{}, {"sample_weight": [WEIGHTS, WEIGHTS[::-1]]}])
def test_two_inputs_and_two_outputs(optimizer: str, weights: dict[str, Any]) -> None:
    def options(k: Any) -> dict[str, Any]:
        return {
            "optimizer": optimizer,
            "loss": {"value": "mse", "kind": SPARSE},
            "loss_weights": {"value": 0.3, "kind": 2.0},
            "metrics": {"value": ["mae", "mse"], "kind": "accuracy"},
        }

    targets = [Y, CLASSES]
    close(*fit_both(two_outputs, [X, X * 2], targets, options, epochs=3, batch_size=16, **weights))


@pytest.mark.parametrize(
    "options", [{"clipnorm": 0.01}, {"global_clipnorm": 0.01}, {"clipvalue": 0.01}, {"use_ema": True}]
)
def test_optimizer_options(options: dict[str, Any]) -> None:
    def arguments(k: Any) -> dict[str, Any]:
        return {"optimizer": k.optimizers.SGD(0.5, **options), "loss": SPARSE}

    close(*fit_both(mlp, X, CLASSES, arguments, epochs=2))


@pytest.mark.parametrize(("loss", "y"), [([None, SPARSE], [CLASSES]), (["mse", None], [Y, CLASSES])])
def test_outputs_without_a_loss(loss: Any, y: Any) -> None:
    close(*fit_both(two_outputs, [X, X], y, lambda k: {"optimizer": "sgd", "loss": loss}, epochs=1, batch_size=16))


def test_evaluate_and_single_batches_report_what_keras_reports_in_its_order() -> None:
    options: dict[str, Any] = {"optimizer": "sgd", "loss": ["mse", SPARSE], "metrics": [["mse", "mae"], ["accuracy"]]}
    ours, theirs = pair(two_outputs)
    ours.compile(**options)
    theirs.compile(**options)
    x, y = [X, X], [Y, CLASSES]
    assert difference(ours.evaluate(x, y, verbose=0), quietly(lambda: theirs.evaluate(x, y, verbose=0))) < LIMIT
    for method in ("train_on_batch", "test_on_batch"):
        assert difference(getattr(ours, method)(x, y), quietly(lambda m=method: getattr(theirs, m)(x, y))) < LIMIT
    wanted = quietly(lambda: theirs.evaluate(x, y, verbose=0, return_dict=True))
    assert set(ours.evaluate(x, y, verbose=0, return_dict=True)) == set(wanted)


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_weights_are_those_of_a_bare_loop_bit_by_bit(make: Any) -> None:
    def net() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))

    bare, ours = net(), net()
    optimizer, inputs, labels = make(bare.parameters(), lr=1e-2), torch.from_numpy(X), torch.from_numpy(CLASSES)
    for _ in range(3):
        for start in range(0, 40, 16):
            loss = nn.functional.cross_entropy(bare(inputs[start : start + 16]), labels[start : start + 16])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model = kerastorch.Model(ours)
    model.compile(make(ours.parameters(), lr=1e-2), nn.CrossEntropyLoss(), metrics=["accuracy"])
    model.fit(X, CLASSES, batch_size=16, epochs=3, shuffle=False, verbose=0)
    for mine, wanted in zip(ours.parameters(), bare.parameters(), strict=True):
        assert torch.equal(mine, wanted)
