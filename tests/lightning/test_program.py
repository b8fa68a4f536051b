"""A module as the engine sees it."""

from __future__ import annotations

from pathlib import Path
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


@pytest.mark.parametrize("many", [1, 2], ids=["one a step", "two a step"])
def test_steps_that_fetch_their_batches(many: int, tmp_path: Path) -> None:
    seen: list[list[Any]] = []

    def make(lib: Any) -> Any:
        class Fetching(parity.classifier(lib)):  # type: ignore[misc]
            def log(self, *args: Any, **how: Any) -> None:
                super().log(*args, **{**how, "batch_size": 4})  # which Lightning wants, and this library need not

            def training_step(self, dataloader_iter: Any) -> Any:
                for _ in range(many):
                    batch, index, loader = next(dataloader_iter)
                seen[-1].append((index, loader))
                return super().training_step(batch, index)

            def validation_step(self, dataloader_iter: Any) -> None:
                batch, index, _ = next(dataloader_iter)
                seen[-1].append((index, "val"))
                super().validation_step(batch, index)

            def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
                seen[-1].append(float(batch[0].sum()))

        return Fetching

    found = []
    for number, lib in enumerate(parity.both()):
        seen.append([])
        flags: Any = {"max_epochs": 2, "num_sanity_val_steps": 0}
        found.append(
            parity.run(lib, make, tmp_path / str(number), parity.data(48), parity.data(20, 6, seed=1), **flags)
        )
    assert seen[0] == seen[1]
    parity.check_equal(*found)
