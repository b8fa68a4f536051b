"""Reductions of losses. Sums on several ranks: tests/contract/test_many_devices.py; refusals: test_bad_devices.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch.models.reductions import reduction_of

X = np.random.default_rng(0).normal(size=(13, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


def model(library: Any, loss: Any) -> Any:
    net = library.Sequential([library.Input((4,)), library.layers.Dense(1, kernel_initializer="ones")])
    net.compile("sgd", loss, metrics=["mae"])
    return net


def test_reduction_of() -> None:
    assert reduction_of(keras.losses.get("mse")) == "mean"
    assert reduction_of(keras.losses.MeanSquaredError()) == "sum_over_batch_size"
    assert reduction_of(torch.nn.L1Loss(reduction="sum")) == "sum"


@pytest.mark.parametrize("reduction", [None, "none", "sum"])
@pytest.mark.parametrize("weights", [None, np.arange(13.0, dtype="float32")])
def test_evaluation_as_keras_does_it(reduction: str | None, weights: Any) -> None:
    import keras as real

    found, expected = (
        model(library, library.losses.MeanAbsoluteError(reduction=reduction)).evaluate(
            X, Y + 1, sample_weight=weights, batch_size=13, verbose=0
        )
        for library in (keras, real)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("reduction", [None, "none"])
def test_what_is_no_number_cannot_be_minimised(reduction: str | None) -> None:
    net = model(keras, keras.losses.MeanSquaredError(reduction=reduction))
    net.evaluate(X, Y, verbose=0)  # may be looked at before
    for method in (net.fit, net.train_on_batch, net.lr_find):
        with pytest.raises(ValueError, match=r"`reduction` of the loss 'mean_squared_error' in \w+: expected one that"):
            method(X, Y)
    torchs = model(keras, torch.nn.MSELoss(reduction="none"))  # the mean of these is taken, as documented for torch's
    assert np.isfinite(torchs.fit(X, Y, verbose=0).history["loss"][0])


def test_own_steps_reduce_as_they_like() -> None:
    class Own(keras.Sequential):  # type: ignore[misc]
        def compute_loss(self, **given: Any) -> Any:
            return super().compute_loss(**given).max()

    net = Own([keras.Input((4,)), keras.layers.Dense(1, kernel_initializer="ones")])
    net.compile("sgd", keras.losses.MeanAbsoluteError(reduction="none"))
    shift = np.arange(13.0, dtype="float32")[:, None]
    assert net.fit(X, Y + shift, batch_size=13, verbose=0).history["loss"][0] == pytest.approx(12.0, abs=1e-5)
