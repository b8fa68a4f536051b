from __future__ import annotations

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch.callbacks import LearningRateMonitor, LearningRateScheduler


@pytest.fixture
def model():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def rates(model, *callbacks) -> list[float]:
    x, y = np.ones((8, 2)), np.ones((8, 1))
    return model.fit(x, y, 2, 3, 0, [LearningRateMonitor(), *callbacks]).history["learning_rate"]


def test_a_schedule(model) -> None:
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([4, 8], [0.1, 0.01, 0.001])
    model.compile(optimizer=keras.optimizers.SGD(schedule), loss="mse")
    # after n updates the rate is that of the next one
    assert np.allclose(rates(model), [float(schedule(n)) for n in (4, 8, 12)])


def test_a_callback_sets_it(model) -> None:
    model.compile(optimizer="sgd", loss="mse")
    assert np.allclose(rates(model, LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))), [0.1, 0.05, 0.1 / 3])


def test_a_torch_optimizer(model) -> None:
    model.compile(optimizer=torch.optim.SGD(model.parameters(), 0.25), loss="mse")
    assert rates(model) == [0.25] * 3
