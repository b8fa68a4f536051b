"""DataLoaders as sources."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset
from torch.utils.data.distributed import DistributedSampler

from kerastorch.base import chance
from kerastorch.data.loader import LoaderSource, length_of

DATA = TensorDataset(torch.arange(10), torch.arange(10) * 2)


def xs(source, epoch=0, start=0):
    return [batch.x.tolist() for batch in source.batches(epoch, start)]


def test_batches_are_the_loaders_own():
    source = LoaderSource(DataLoader(DATA, batch_size=4))
    assert (source.num_batches, source.num_samples, source.batch_size) == (3, 10, 4)
    batches = list(source.batches(0))
    assert [b.size for b in batches] == [4, 4, 2] and all(b.y.equal(b.x * 2) for b in batches)


def test_random_numbers_are_drawn_as_by_a_bare_loop():
    torch.manual_seed(3)
    want = [
        [x.tolist() for x, _ in loader] for loader in [DataLoader(DATA, batch_size=3, shuffle=True)] for _ in range(2)
    ]
    after = torch.rand(1)
    torch.manual_seed(3)
    source = LoaderSource(DataLoader(DATA, batch_size=3, shuffle=True))
    source.peek()
    assert [xs(source, e) for e in range(2)] == want
    assert torch.rand(1).equal(after)


def test_samplers_are_told_the_epoch():
    sampler = DistributedSampler(DATA, num_replicas=2, rank=0, shuffle=True)
    source = LoaderSource(DataLoader(DATA, batch_size=5, sampler=sampler))
    source.peek()
    for epoch in (0, 4):
        got = xs(source, epoch)
        sampler.set_epoch(epoch)
        assert got == [x.tolist() for x, _ in source.loader]
    assert sampler.epoch == 4


def test_lengths_that_nobody_knows():
    class Endless(IterableDataset):
        def __iter__(self):
            return iter(range(10**6))

    source = LoaderSource(DataLoader(Endless(), batch_size=2), steps=3)
    assert (source.num_batches, source.num_samples) == (3, None)
    assert xs(source) == [[0, 1], [2, 3], [4, 5]] and xs(source, 1)[0] == [6, 7]
    assert LoaderSource(DataLoader(Endless(), batch_size=2)).num_batches is None
    assert LoaderSource(DataLoader(DATA, batch_size=4, drop_last=True)).num_samples is None
    assert LoaderSource(DataLoader(DATA, batch_size=4), steps=50).num_batches == 3
    assert length_of(object()) is None


def test_dtypes_of_tensors_stay():
    loader = DataLoader(TensorDataset(torch.zeros(4, 1, dtype=torch.float64)), batch_size=2)
    assert next(LoaderSource(loader).batches(0)).x.dtype == torch.float64
    arrays = DataLoader(np.zeros((4, 1)), batch_size=2, collate_fn=np.stack)
    assert next(LoaderSource(arrays).batches(0)).x.dtype == torch.float32


class Broken(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        if index == 5:
            raise OSError("file 5 is gone")
        return torch.tensor([float(index)])


@pytest.mark.parametrize("workers", [0, 2])
def test_errors_of_workers_arrive_with_the_batch_number(workers):
    source = LoaderSource(DataLoader(Broken(), batch_size=2, num_workers=workers))
    with pytest.raises(OSError, match="file 5 is gone") as caught:
        xs(source)
    assert "batch 2 of the epoch" in caught.value.__notes__[0]
    assert multiprocessing.active_children() == []


def test_workers_end_when_the_source_is_closed():
    source = LoaderSource(DataLoader(DATA, batch_size=1, num_workers=2))
    source.peek()
    assert len(multiprocessing.active_children()) == 2
    source.close()
    source.close()
    assert multiprocessing.active_children() == []
    assert len(xs(source)) == 10


@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")  # torchdata 0.11 on newer torch
def test_a_stateful_loader_resumes_exactly():
    stateful = pytest.importorskip("torchdata.stateful_dataloader").StatefulDataLoader
    generator = torch.Generator().manual_seed(0)
    source = LoaderSource(stateful(DATA, batch_size=2, shuffle=True, generator=generator))
    batches = source.batches(0)
    for _ in range(2):
        next(batches)
    state = source.state_dict()
    rest = [b.x.tolist() for b in batches]
    again = LoaderSource(stateful(DATA, batch_size=2, shuffle=True, generator=torch.Generator().manual_seed(9)))
    again.load_state_dict(state)
    assert xs(again, 0, 2) == rest and len(rest) == 3


class Noisy(Dataset):
    """Its items depend on the random numbers of the process (or worker) that makes them."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return torch.tensor([float(index), float(torch.rand(()))])


def _loader(kind, workers=0):
    if kind == "generator":
        return DataLoader(Noisy(), batch_size=2, shuffle=True, num_workers=workers, generator=torch.Generator())
    return DataLoader(Noisy(), batch_size=2, shuffle=kind == "shuffle", num_workers=workers)


@pytest.mark.parametrize(("kind", "workers"), [("order", 0), ("shuffle", 0), ("generator", 0), ("shuffle", 2)])
@pytest.mark.parametrize("steps", [None, 3])
@pytest.mark.parametrize("cut", [(1, 2), (1, 0), (0, 1), (1, 3)])
def test_a_cut_pass_goes_on_with_the_same_items(kind, workers, steps, cut):
    """Shuffled by the process's or the loader's own random numbers, with random items, in a fresh source."""

    def epochs(source, first=(0, 0)):
        for epoch in range(first[0], 3):
            for batch in source.batches(epoch, first[1] if epoch == first[0] else 0):
                yield batch.x.tolist()

    def run():
        torch.manual_seed(3)
        return LoaderSource(_loader(kind, workers), steps=steps)

    whole = list(epochs(run()))
    first = run()
    done = cut[0] * (steps or 5) + cut[1]
    for epoch in range(cut[0]):
        list(first.batches(epoch))
    within = first.batches(cut[0])
    for _ in range(cut[1]):
        next(within)
    state, chance_then = first.state_dict(), chance.state()
    first.close()
    torch.manual_seed(99)
    second = LoaderSource(_loader(kind, workers), steps=steps)
    second.peek()
    second.load_state_dict(state)
    chance.restore(chance_then)
    rest = list(epochs(second, cut))
    assert rest == whole[done:] and len(rest) >= 3
