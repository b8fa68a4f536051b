from __future__ import annotations

import keras
import pytest
import torch

from kerastorch.callbacks.optimizer_lr import get_lr, learning_rates, named_optimizers, set_lr
from tests.callbacks.fakes import FakeModel, FakeOptimizer


def test_a_keras_optimizer() -> None:
    optimizer = keras.optimizers.SGD(0.5)
    assert get_lr(optimizer) == 0.5
    set_lr(optimizer, 0.25)
    assert float(optimizer.learning_rate) == 0.25


def test_the_groups_of_a_torch_optimizer_keep_their_ratios() -> None:
    a, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([{"params": [a], "lr": 0.5}, {"params": [b], "lr": 0.25}], lr=1.0)
    assert get_lr(optimizer) == 0.5
    set_lr(optimizer, 0.1)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.05]
    set_lr(optimizer, 0.0)
    set_lr(optimizer, 0.2)
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.2]


def test_a_rate_that_is_a_tensor_stays_the_same_tensor() -> None:
    rate = torch.tensor(0.5)
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=rate)
    set_lr(optimizer, 0.25)
    assert optimizer.param_groups[0]["lr"] is rate
    assert get_lr(optimizer) == 0.25


def test_names_in_the_logs() -> None:
    model = FakeModel()
    assert learning_rates(model) == {"learning_rate": 0.1}
    inner, outer = FakeOptimizer(0.5), FakeOptimizer()
    outer.inner_optimizer = inner
    model.optimizer = outer
    assert named_optimizers(model) == [("learning_rate", inner)]


def test_something_without_a_rate() -> None:
    with pytest.raises(TypeError, match="learning_rate"):
        get_lr(object())
