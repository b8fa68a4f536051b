from __future__ import annotations

import numpy as np
import torch

import kerastorch as keras
from kerastorch.loggers.settings import numbers, plain, settings
from tests.loggers.support import small_model


def test_settings_of_a_compiled_model() -> None:
    model = small_model()
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    model.compile(optimizer=keras.optimizers.Adam(schedule), loss=keras.losses.Huber())
    found = settings(model, {"epochs": 2, "steps": 4, "verbose": 1, "settings": {"precision": "32", "seed": 7}})
    expected = {
        "epochs": 2, "steps_per_epoch": 4, "precision": "32", "seed": 7, "model": "small", "parameters": 19,
        "optimizer": "Adam", "optimizer/learning_rate": "ExponentialDecay", "loss": "huber_loss",
        "optimizer/learning_rate/decay_steps": 10, "optimizer/beta_1": 0.9,
    }  # fmt: skip
    assert {name: found.get(name) for name in expected} == expected
    assert list(found) == sorted(found)
    assert all(isinstance(value, (bool, int, float, str)) for value in found.values())


def test_losses_by_output_and_a_torch_optimizer() -> None:
    model = torch.nn.Linear(2, 1)
    model.loss = {"a": "mse", "b": torch.nn.L1Loss()}
    model.optimizer = torch.optim.SGD(model.parameters(), 0.5)
    found = settings(model, {})
    assert found["loss/a"] == "mse"
    assert found["loss/b"] == "L1Loss"
    assert found["optimizer/lr"] == 0.5


def test_numbers() -> None:
    logs = {"a": torch.tensor(1.0), "b": np.float32(2.0), "c": np.ones((1, 1)).sum(), "d": np.ones(2), "e": None}
    assert numbers(logs) == {"a": 1.0, "b": 2.0, "c": 1.0}
    assert numbers(None) == {}
    assert plain(None) == "None"
