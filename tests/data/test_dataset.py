"""Datasets as sources."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import Dataset, IterableDataset

from kerastorch.data.arrays import ArraySource
from kerastorch.data.dataset import DatasetSource, EpochSampler, collate


class Numbers(Dataset):
    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return torch.tensor(index), index * 0.5


def xs(source, epoch=0, start=0):
    return [batch.x.tolist() for batch in source.batches(epoch, start)]


@given(
    samples=st.integers(1, 40),
    batch_size=st.integers(1, 12),
    shuffle=st.sampled_from([False, True, "batch"]),
    seed=st.integers(0, 2**40),
    data=st.data(),
)
def test_the_order_is_that_of_arrays(samples, batch_size, shuffle, seed, data):
    source = DatasetSource(Numbers(samples), batch_size=batch_size, shuffle=shuffle, seed=seed)
    arrays = ArraySource(torch.arange(samples), batch_size=batch_size, shuffle=shuffle, seed=seed)
    steps = data.draw(st.none() | st.integers(1, source.num_batches))
    source = DatasetSource(Numbers(samples), batch_size=batch_size, shuffle=shuffle, seed=seed, steps=steps)
    arrays = ArraySource(torch.arange(samples), batch_size=batch_size, shuffle=shuffle, seed=seed, steps=steps)
    source.peek()
    for epoch in (0, 1, 5):
        assert xs(source, epoch) == xs(arrays, epoch)
    start = data.draw(st.integers(0, source.num_batches))
    assert xs(source, 2, start) == xs(arrays, 2, start)
    assert source.num_batches == arrays.num_batches and source.num_samples == samples


def test_random_numbers_of_the_process_are_left_alone():
    before = torch.get_rng_state()
    source = DatasetSource(Numbers(5), batch_size=2, shuffle=True)
    source.peek()
    xs(source)
    assert torch.get_rng_state().equal(before)


def test_python_floats_become_floatx_tensors_stay():
    assert collate([1.0, 2.0]).dtype == torch.float32
    assert collate([torch.tensor(1.0, dtype=torch.float64)]).dtype == torch.float64
    assert collate([{"a": (1, 2.0)}])["a"][0].dtype == torch.int64


def test_iterable_datasets_come_as_they_are():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(float(i) for i in range(5))

    source = DatasetSource(Stream(), batch_size=2, shuffle=True)
    assert xs(source) == [[0, 1], [2, 3], [4]] and source.num_batches is None
    state = source.state_dict()
    assert state["taken"] == 3 and not state["open"]


def test_state():
    first = DatasetSource(Numbers(20), batch_size=3, shuffle=True, seed=4)
    second = DatasetSource(Numbers(20), batch_size=3, shuffle=True, seed=5)
    want = xs(first, 1)[2:]
    second.peek()
    second.load_state_dict(first.state_dict())
    assert xs(second, 1, 2) == want
    with pytest.raises(ValueError, match="20 samples"):
        DatasetSource(Numbers(3), batch_size=3).load_state_dict(first.state_dict())


def test_an_empty_dataset_is_refused():
    with pytest.raises(ValueError, match="at least one sample"):
        DatasetSource(Numbers(0), batch_size=2)
    assert len(EpochSampler(7, 2, shuffle=False, seed=0)) == 7
