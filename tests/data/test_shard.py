"""A source for one rank of several: together the ranks see each sample once, in batches that fit together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, SequentialSampler, TensorDataset, WeightedRandomSampler

from kerastorch.data.choose import choose
from kerastorch.data.generator import GeneratorSource
from kerastorch.data.loader import LoaderSource
from kerastorch.data.shard import LoaderShard, Slices, check_divisible, check_loader, shard
from kerastorch.data.source import DataSource

DATA = TensorDataset(torch.arange(23.0), torch.arange(23))


class Stream(IterableDataset):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        yield from range(23)


def parts(make: Any, ranks: int) -> list[DataSource]:
    return [shard(make(), (rank, ranks), seed=3) for rank in range(ranks)]


def joined(sources: list[DataSource], epoch: int = 0, start: int = 0) -> list[list[float]]:
    """The batches of all ranks put together, rows that only stand in left out."""
    whole = []
    for together in zip(*(s.batches(epoch, start) for s in sources), strict=True):
        whole.append([v for batch in together for v in batch.x[: batch.size].tolist()])
        assert {batch.total for batch in together} == {len(whole[-1])}
        assert sum(batch.share for batch in together) == pytest.approx(len(sources))
        assert [batch.share for batch in together] == [b.size * len(sources) / b.total for b in together]
    return whole


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_in_order(ranks: int, workers: int) -> None:
    def make() -> LoaderSource:
        return LoaderSource(DataLoader(DATA, batch_size=4 * ranks, num_workers=workers), device="cpu")

    sources = parts(make, ranks)
    wanted = [b.x.tolist() for b in make().batches(0)]
    assert joined(sources) == wanted
    assert joined(sources, epoch=1, start=1) == wanted[1:]
    assert all(type(s) is (LoaderSource if ranks == 1 else LoaderShard) for s in sources)
    assert all((s.num_batches, s.batch_size, s.num_samples) == (len(wanted), 4 * ranks, 23) for s in sources)


def test_a_shuffling_loader_has_one_order_whatever_the_number_of_ranks() -> None:
    def make() -> LoaderSource:
        return LoaderSource(DataLoader(DATA, batch_size=12, shuffle=True), device="cpu")

    first, second = (joined(parts(make, 2), epoch) for epoch in (0, 1))
    assert [joined(parts(make, n), 0) for n in (3, 4)] == [first, first]
    assert first != second and sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(23))


def test_a_loader_loads_only_the_rank_s_samples() -> None:
    seen: list[int] = []

    class Noting(torch.utils.data.Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int) -> float:
            seen.append(index)
            return float(index)

    source = shard(LoaderSource(DataLoader(Noting(), batch_size=4), device="cpu"), (1, 2), 0)
    assert [b.x.tolist() for b in source.batches(0)] == [[2, 3], [6, 7]] and seen == [2, 3, 6, 7]


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_what_comes_in_batches_is_sliced(ranks: int) -> None:
    items = [(np.arange(5.0), np.arange(5), np.ones(5)), (np.arange(1.0), np.arange(1), np.ones(1))]
    sources = parts(lambda: GeneratorSource(items, device="cpu"), ranks)
    assert all(type(s) is Slices for s in sources)
    assert joined(sources) == [[0, 1, 2, 3, 4], [0]]
    assert all(len(b.x) == len(b.y) == len(b.sample_weight) >= 1 for s in sources for b in s.batches(0))
    stream = parts(lambda: LoaderSource(DataLoader(Stream(), batch_size=10), device="cpu"), ranks)
    assert joined(stream) == [[*range(10)], [*range(10, 20)], [20, 21, 22]]
    for source in sources:
        source.close()


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_arrays_are_shared_out_in_the_order_of_one_device(ranks: int) -> None:
    def make(rank: int, ranks: int) -> DataSource:
        given: dict[str, Any] = {"batch_size": 12, "shuffle": True, "seed": 5, "device": "cpu"}
        return choose(np.arange(25.0), np.arange(25), part=(rank, ranks), ranks=ranks, **given)

    wanted = [b.x.tolist() for b in make(0, 1).batches(1)]
    assert joined([make(rank, ranks) for rank in range(ranks)], epoch=1) == wanted
    assert len(wanted) == 3 and len(wanted[2]) == 1


def test_batches_must_be_divisible_in_training() -> None:
    check_divisible(24, 3)
    check_divisible(None, 2)
    with pytest.raises(ValueError, match=r"multiple of the 4 devices, received 30\. Use batch_size=28 \(7 samples"):
        check_divisible(30, 4)
    with pytest.raises(ValueError, match="Use batch_size=4"):
        check_divisible(3, 4)


@pytest.mark.parametrize(
    "loader",
    [
        DataLoader(DATA, 4, sampler=WeightedRandomSampler([1.0] * 23, 23)),
        DataLoader(DATA, 4, sampler=torch.utils.data.RandomSampler(DATA, num_samples=9)),
        DataLoader(DATA, batch_sampler=[[0, 1], [2, 3]]),
    ],
)
def test_a_sampler_of_one_s_own_is_refused(loader: Any) -> None:
    with pytest.raises(ValueError, match="of its own. Leave the sampler out"):
        check_loader(LoaderSource(loader, device="cpu"))


def test_samplers_that_say_the_default_are_not_refused() -> None:
    check_loader(LoaderSource(DataLoader(DATA, 4, sampler=SequentialSampler(DATA)), device="cpu"))
    check_loader(LoaderSource(DataLoader(Stream(), 4), device="cpu"))
    check_loader(GeneratorSource([], device="cpu"))


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("steps", [None, 3])
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_sources_know_the_numbers_of_a_batch_s_samples(ranks: int, steps: int | None, shuffle: Any) -> None:
    """The samples are their own numbers, so each batch tells what should be said of it."""
    numbers = torch.arange(23)
    given: list[Any] = [numbers, _Numbers()]
    if shuffle != "batch":
        given.append(DataLoader(_Numbers(), 6, shuffle=shuffle))
    for x in given:
        loader = isinstance(x, DataLoader)
        options: dict[str, Any] = {} if loader else {"batch_size": 6, "shuffle": shuffle}
        for rank in range(ranks):
            source = choose(x, device="cpu", seed=5, steps=steps, part=(rank, ranks), **options)
            for epoch in range(4):
                for index, batch in enumerate(source.batches(epoch)):
                    told = source.sample_numbers(epoch, index)
                    assert (told is None) == (loader and ranks == 1)
                    assert told is None or list(told) == batch.x.tolist()
            source.close()
    assert GeneratorSource([numbers]).sample_numbers(0, 0) is None


class _Numbers(torch.utils.data.Dataset):  # type: ignore[type-arg]
    def __len__(self) -> int:
        return 23

    def __getitem__(self, index: int) -> float:
        return float(index)


@pytest.mark.parametrize("before", [1, 2])
def test_a_shuffling_loader_goes_on_in_an_epoch_with_its_own_kind_of_order_only(before: int) -> None:
    def made(ranks: int, shuffle: bool) -> Any:
        loader = DataLoader(TensorDataset(torch.arange(12.0)), batch_size=4, shuffle=shuffle)
        return shard(LoaderSource(loader), (0, ranks), seed=3)

    def state(shuffle: bool, batches: int) -> dict[str, Any]:
        source = made(before, shuffle)
        batch = source.batches(0)
        for _ in range(batches):
            next(batch)
        return dict(source.state_dict())

    with pytest.raises(ValueError, match="a DataLoader that shuffles, in the middle of an epoch: expected one device"):
        made(3 - before, True).load_state_dict(state(True, 1))
    made(before, True).load_state_dict(state(True, 1))
    other = made(3 - before, False)
    other.load_state_dict(state(False, 1))
    found = [row for batch in other.batches(0, 1) for row in batch.x.tolist()]
    assert found == ([4, 5, 8, 9] if before == 1 else list(range(4, 12)))
    fresh = made(3 - before, True)
    fresh.load_state_dict(state(True, 0))
    assert len(list(fresh.batches(0))) == 3
