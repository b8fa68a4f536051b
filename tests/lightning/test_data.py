"""Batches go whole to the step: limits, several loaders, transfer hooks, shares of ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, DistributedSampler, RandomSampler

import kerastorch.lightning as pl
from kerastorch.lightning.combined_loader import Batches
from kerastorch.lightning.data import Loader, Transfer, as_list, each, limited, shared, together, unshuffled
from kerastorch.runtime.plan import Plan
from tests.lightning import parity

PLAN = Plan.make(device="cpu")


def source(loader: Any, limit: Any = 1.0) -> Loader:
    return Loader(loader, Transfer([pl.LightningDataModule()], PLAN), limit, 0, "train")


def test_a_batch_is_what_the_loader_yields() -> None:
    batches = [{"a": [1, "text"]}, None, (torch.ones(2), 5)]
    found = list(source(Again(batches)).batches(0))
    assert [item.x for item in found] == batches and all(a.x is b for a, b in zip(found, batches, strict=True))
    assert [(item.index, item.last) for item in found] == [(0, False), (1, False), (2, True)]


class Again:
    def __init__(self, items: Any, sized: bool = True) -> None:
        self.items, self.taken = items, 0
        if sized:
            self.__class__ = Sized

    def __iter__(self) -> Any:
        for item in self.items:
            self.taken += 1
            yield item


class Sized(Again):
    def __len__(self) -> int:
        return len(self.items)


@pytest.mark.parametrize(
    ("length", "limit", "wanted"), [(10, 1.0, 10), (10, 0.25, 2), (10, 3, 3), (10, 30, 10), (None, 4, 4), (0, 1.0, 0)]
)
def test_limits(length: Any, limit: Any, wanted: Any) -> None:
    assert limited(length, limit, "val") == wanted


def test_limits_that_mean_nothing() -> None:
    with pytest.raises(ValueError, match="unknown length"):
        limited(None, 0.5, "train")
    with pytest.raises(ValueError, match=r"at least one of the 10 batches.*Use 0.1 "):
        limited(10, 0.05, "train")


def test_only_an_unknown_length_is_looked_ahead() -> None:
    for sized, ahead in ((True, 1), (False, 2)):
        loader = Again([1, 2, 3], sized)
        batches = source(loader).batches(0)
        assert not next(batches).last
        assert loader.taken == ahead
        assert [item.last for item in batches] == [False, True]


def test_an_epoch_begins_anew_after_a_limit() -> None:
    held = source(Again([1, 2, 3]), 2)
    assert [[item.x for item in held.batches(epoch)] for epoch in range(2)] == [[1, 2], [1, 2]]
    assert [item.x for item in held.batches(2, start=1)] == [2]


def test_the_rest_of_an_epoch_can_be_left_out() -> None:
    held, seen = source(Again([1, 2, 3])), []
    for item in held.batches(0):
        seen.append(item.x)
        held.ended = True
    assert seen == [1]


def test_loaders_together() -> None:
    both = together({"a": Again([1, 2, 3]), "b": Again(["x", "y"])})
    assert len(both) == 3
    assert list(both) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "x"}]
    loader = parity.data()
    assert together(loader) is loader and isinstance(together([loader]), Batches)
    assert as_list(None) == [] and as_list({"a": loader}) == [loader]


def test_each_of_several_loaders_is_shared_and_told_the_epoch() -> None:
    def part(rank: int) -> Any:
        loaders = {name: DataLoader(range(8), batch_size=2, shuffle=True) for name in "ab"}  # type: ignore[arg-type]
        return together(each(loaders, lambda one: shared(one, (rank, 2), True)))

    for epoch in range(2):
        seen: dict[str, list[int]] = {"a": [], "b": []}
        for both in (part(0), part(1)):
            held = source(both)
            for item in held.batches(epoch):
                for name, rows in item.x.items():
                    seen[name] += rows.tolist()
        assert all(sorted(rows) == list(range(8)) for rows in seen.values())


def test_a_rank_takes_every_other_sample() -> None:
    loader = DataLoader(range(10), batch_size=2, shuffle=True)  # type: ignore[arg-type]
    parts = [shared(loader, (rank, 2), True) for rank in range(2)]
    assert isinstance(parts[0].sampler, DistributedSampler) and parts[0].batch_size == 2
    seen = [int(i) for part in parts for batch in part for i in batch]
    assert sorted(seen) == list(range(10)) and seen != sorted(seen)
    in_order = shared(DataLoader(range(10), batch_size=2), (1, 2), True)  # type: ignore[arg-type]
    assert [b.tolist() for b in in_order] == [[1, 3], [5, 7], [9]]
    assert shared(loader, (0, 1), True) is loader
    assert isinstance(loader.sampler, RandomSampler)
    assert next(b.tolist() for b in unshuffled(loader)) == [0, 1]


def test_transfer_hooks_in_order_and_conversion() -> None:
    class Data(pl.LightningDataModule):
        def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
            return (*batch, "before")

        def transfer_batch_to_device(self, batch: Any, device: Any, dataloader_idx: int) -> Any:
            return (*batch, str(device))

        def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
            return (*batch, dataloader_idx)

    plan = Plan.make(device="cpu", precision="64")
    x, *rest = Transfer([Data()], plan)((torch.ones(1),), 3)
    assert rest == ["before", "cpu", 3] and x.dtype is torch.float64
    whole = torch.ones(1, dtype=torch.int64)
    assert Transfer([pl.LightningModule()], PLAN)(whole, 0) is whole


def test_overfitting_takes_the_same_batches(tmp_path: Path) -> None:
    seen: list[float] = []

    class Seeing(parity.autoencoder(pl)):  # type: ignore[misc]
        def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
            seen.append(float(batch[0].sum()))

    parity.run(pl, lambda lib: Seeing, tmp_path, parity.data(shuffle=True), max_epochs=2, overfit_batches=2)
    assert len(seen) == 4 and seen[:2] == seen[2:]
