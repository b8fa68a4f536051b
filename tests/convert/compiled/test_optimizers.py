"""Optimizers as torch code, step by step beside the optimizers themselves."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch

from kerastorch import optimizers
from kerastorch.convert import training
from kerastorch.optimizers import schedules
from tests.convert.compiled.test_losses import compiled
from tests.convert.running import value


def weights() -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(3)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((4, 3), (5,))]


def nothing() -> None:
    """What stands around a step, if nothing does."""


def trained(optimizer: Any, own: list[Any], after: Any = nothing, before: Any = nothing) -> list[torch.Tensor]:
    """The weights after 12 steps on gradients of very different sizes."""
    generator = torch.Generator().manual_seed(5)
    for step in range(12):
        for w in own:
            w.grad = torch.randn(w.shape, generator=generator) * 10.0 ** (step % 5 - 4)
        before()
        optimizer.step()
        after()
    return [w.detach() for w in own]


def check(given: Any, close: float = 1e-6) -> training.Piece:
    """Compare what the code does with what the optimizer does."""
    model = compiled("mse", 2)
    model.compile(given, "mse")
    piece, schedule = training.optimizer(model, "own"), training.schedule(model)
    clipping = training.clipping(model, "own")
    own, others = weights(), weights()
    made = value(piece, own=own)
    scheduler = None if schedule is None else value(schedule, optimizer=made)

    def clip() -> None:
        if clipping is not None:
            space: dict[str, Any] = {"own": own}
            exec("\n".join([*clipping.imports, clipping.expression]), space)

    found = trained(made, own, nothing if scheduler is None else scheduler.step, clip)
    given.build(others)
    for one, two in zip(found, trained(given, others), strict=True):
        torch.testing.assert_close(one, two, atol=close, rtol=close)
    return piece


PLAIN = [
    optimizers.SGD(0.1), optimizers.SGD(0.1, momentum=0.9), optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    optimizers.SGD(0.1, weight_decay=0.1), optimizers.Adam(0.01), optimizers.Adam(0.01, beta_1=0.8, beta_2=0.99),
    optimizers.Adam(0.01, weight_decay=0.1), optimizers.AdamW(0.01), optimizers.RMSprop(0.01),
    optimizers.RMSprop(0.01, rho=0.8, momentum=0.5, epsilon=1e-3), optimizers.Adadelta(0.5), optimizers.Nadam(0.01),
]  # fmt: skip
WITHIN = [optimizers.Adagrad(0.1), optimizers.Adamax(0.01)]
KEPT = [
    optimizers.Lion(0.01), optimizers.Adam(0.01, amsgrad=True), optimizers.SGD(0.1, momentum=0.9, weight_decay=0.1),
    optimizers.Ftrl(0.1), optimizers.RMSprop(0.01, centered=True, clipnorm=0.1),
    optimizers.Lion(schedules.ExponentialDecay(0.1, 3, 0.5)),
]  # fmt: skip


@pytest.mark.parametrize("given", PLAIN, ids=lambda o: type(o).__name__)
def test_same_updates(given: Any) -> None:
    assert not check(given).notes


@pytest.mark.parametrize("given", WITHIN, ids=lambda o: type(o).__name__)
def test_where_epsilon_stands_elsewhere_a_note_says_so(given: Any) -> None:
    assert "epsilon" in check(given, close=1e-5).notes[0]


@pytest.mark.parametrize("given", KEPT, ids=lambda o: type(o).__name__)
def test_kept(given: Any) -> None:
    piece = check(given)
    assert piece.expression.startswith("built(keras.optimizers.") and "is kept" in piece.notes[0]


@pytest.mark.parametrize("clip", [{"clipnorm": 0.01}, {"global_clipnorm": 0.01}, {"clipvalue": 0.01}], ids=str)
def test_clipping(clip: Any) -> None:
    check(optimizers.SGD(0.1, **clip), close=1e-5)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
def test_schedule_and_momentum(momentum: float, nesterov: bool) -> None:
    rate = schedules.ExponentialDecay(0.1, 3, 0.5)
    piece = check(optimizers.SGD(rate, momentum=momentum, nesterov=nesterov))
    assert "lr=1.0" in piece.expression


def test_optimizers_of_torch() -> None:
    model = compiled("mse", 2)
    own = weights()
    for given, wanted in (
        (torch.optim.Adam(own, lr=0.1, betas=(0.8, 0.9)), "torch.optim.Adam(own, lr=0.1, betas=(0.8, 0.9))"),
        (torch.optim.SGD, "torch.optim.SGD(own)"),
        (functools.partial(torch.optim.SGD, lr=0.5), "torch.optim.SGD(own, lr=0.5)"),
    ):
        model.compile(given, "mse")
        assert training.optimizer(model, "own").expression == wanted
    model.compile(lambda parameters: torch.optim.SGD(parameters, lr=0.1), "mse")
    assert "make_optimizer" in training.optimizer(model).notes[0]
