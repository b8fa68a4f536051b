"""A module as the engine sees it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch.lightning.data import Item
from kerastorch.lightning.program import LightningProgram, takes_number
from kerastorch.lightning.results import Record
from kerastorch.runtime.plan import Plan
from tests.lightning import parity

PLAN = Plan.make(device="cpu")


def program(module: Any) -> LightningProgram:
    return LightningProgram(module, PLAN, Record(PLAN.strategy), [torch.optim.SGD(module.parameters(), lr=0.1)])


def item() -> Item:
    return Item(next(iter(parity.data())), 0, True)


def test_a_step_with_a_dict() -> None:
    ours, _ = parity.both()
    held, called = program(parity.classifier(ours)()), []
    held.first = lambda: called.append(1)
    loss = held.training_step(item())
    assert loss.requires_grad and set(held.extra) == {"loss", "logits"}
    held.training_step(item())
    assert called == [1] and held.record.fx is None
    assert len(held.trainable_parameters()) == 4 and list(held.stateful()) == ["optimizer_0"]
    assert held.results() == held.counted() == {} and held.accumulators() == ()
    with pytest.raises(NotImplementedError):
        held.validation_step(item())
    assert held.predict_step(item()).shape == (8,)


def test_arguments_of_steps() -> None:
    assert not takes_number(lambda batch: 0) and not takes_number(lambda batch, **rest: 0)
    assert takes_number(lambda *args: 0) and takes_number(lambda batch, index, loader=0: 0)
    assert takes_number(lambda batch, index, loader=0: 0, 2) and not takes_number(lambda batch, index: 0, 2)
