"""Parameters that take no part in the loss are named before replicas would wait for their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.runtime import launch
from kerastorch.runtime.strategies import StrategyOptions

X = np.random.default_rng(0).random((24, 4), dtype="float32")
Y = np.arange(24) % 3
SPARSE = "sparse_categorical_crossentropy"


class Partial(keras.Model):  # type: ignore[misc]
    """Has a branch that the loss does not see, and one that it sees in training only."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.aside = layers.Dense(3, "softmax"), layers.Dense(2, name="aside")
        self.norm, self.extra = layers.BatchNormalization(), layers.Dense(3)

    def call(self, x: Any, training: bool = False) -> Any:
        self.aside(x)
        y = self.body(self.norm(x))
        return y + 0.0 * self.extra(x) if training else y


def test_parameters_that_take_no_part_in_the_loss_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Partial()
    net.build((None, 4))
    net.extra.build((None, 4))
    net.compile("sgd", SPARSE, device="cpu", devices=2)
    torch.manual_seed(3)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    drawn = torch.get_rng_state()
    monkeypatch.setattr(launch, "_run_processes", lambda *args: pytest.fail("a process was started"))
    with pytest.raises(ValueError, match="several devices.*received aside.weight, aside.bias without.*Freeze them"):
        net.fit(X, Y, batch_size=8, verbose=0)
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items()) and net.training is False
    assert torch.equal(torch.get_rng_state(), drawn) and all(p.grad is None for p in net.parameters())
    started: list[Any] = []
    monkeypatch.setattr(launch, "_run_processes", lambda *args: started.append(args) or _no_result(args[1]))
    net.aside.trainable = False
    with pytest.raises(FileNotFoundError):
        net.fit(X, Y, batch_size=8, verbose=0)
    net.aside.trainable = True
    asked = StrategyOptions("ddp", {"find_unused_parameters": True})
    net.compile("sgd", SPARSE, device="cpu", devices=2, strategy=asked)
    with pytest.raises(FileNotFoundError):
        net.fit(X, Y, batch_size=8, verbose=0)
    assert len(started) == 2
    net.compile("sgd", SPARSE, device="cpu")
    net.fit(X, Y, verbose=0)  # one device does not mind


def _no_result(home: Any) -> None:
    raise FileNotFoundError(home)
