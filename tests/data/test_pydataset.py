"""`PyDataset` and its source."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastorch.data.pydataset import PyDataset, PyDatasetSource, by_threads


class Numbers(PyDataset):
    """Batches of (2, 1) filled with their number; labels are the process id."""

    def __init__(self, length=6, fail_at=None, **more):
        super().__init__(**more)
        self.length, self.fail_at, self.calls = length, fail_at, []

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        if index == self.fail_at:
            raise OSError("no file")
        return np.full((2, 1), float(index)), np.full(2, os.getpid())

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self):
        self.calls.append("end")


def firsts(source, epoch=0, start=0):
    return [int(batch.x[0]) for batch in source.batches(epoch, start)]


@pytest.mark.parametrize(
    "how", [{}, {"workers": 3}, {"workers": 3, "max_queue_size": 1}, {"workers": 2, "use_multiprocessing": True}]
)
def test_order_hooks_and_workers(how):
    dataset = Numbers(**how)
    source = PyDatasetSource(dataset)
    first = source.peek()
    assert first.x.dtype == torch.float32 and first.size == 2
    assert firsts(source) == list(range(6))
    assert firsts(source, 1, 4) == [4, 5]
    assert dataset.calls == ["begin", "end"] * 2
    processes = {int(b.y[0]) for b in source.batches(2)}
    assert (os.getpid() in processes) == (not how.get("use_multiprocessing"))
    source.close()
    source.close()
    assert dataset.calls == ["begin", "end"] * 3
    assert multiprocessing.active_children() == []
    assert not [t for t in threading.enumerate() if t.name.startswith("PyDataset")]


@pytest.mark.parametrize("how", [{"workers": 3}, {"workers": 2, "use_multiprocessing": True}])
def test_workers_end_when_the_source_is_closed_in_the_middle(how):
    source = PyDatasetSource(Numbers(length=1000, **how))
    source.peek()
    batches = source.batches(0)
    for _ in range(3):
        next(batches)
    batches.close()
    source.close()
    assert source.dataset.calls == ["begin", "end"]
    assert multiprocessing.active_children() == []
    assert not [t for t in threading.enumerate() if t.name.startswith("PyDataset")]


@settings(max_examples=25)
@given(length=st.integers(1, 30), seed=st.integers(0, 2**40), epoch=st.integers(0, 9), data=st.data())
def test_shuffled_by_seed_and_epoch(length, seed, epoch, data):
    source = PyDatasetSource(Numbers(length), shuffle=True, seed=seed)
    order = firsts(source, epoch)
    assert sorted(order) == list(range(length))
    again = PyDatasetSource(Numbers(length), shuffle=True, seed=seed + 1)
    again.load_state_dict(source.state_dict())
    start = data.draw(st.integers(0, length))
    assert firsts(again, epoch, start) == order[start:]


@pytest.mark.parametrize("how", [{}, {"workers": 2}, {"workers": 2, "use_multiprocessing": True}])
def test_errors_are_the_datasets_own(how):
    with pytest.raises(OSError, match="no file") as caught:
        firsts(PyDatasetSource(Numbers(fail_at=3, **how)))
    assert "batch 3 of the epoch" in caught.value.__notes__[0]
    assert multiprocessing.active_children() == []


def test_endless_data_need_steps_and_lengths_may_change():
    class Endless(Numbers):
        @property
        def num_batches(self):
            return None

    source = PyDatasetSource(Endless(workers=2), steps=3, shuffle=True)
    assert [firsts(source, e) for e in range(2)] == [[0, 1, 2], [3, 4, 5]]
    assert source.num_batches == 3 and PyDatasetSource(Endless()).num_batches is None

    class Growing(Numbers):
        def on_epoch_end(self):
            self.length += 1

    source = PyDatasetSource(Growing(2))
    assert [firsts(source, e) for e in range(2)] == [[0, 1], [0, 1, 2]]
    assert source.num_batches == 4


def test_threads_stay_within_their_queue():
    made = []

    def make(index):
        made.append(index)
        return index

    results = by_threads(make, iter(range(100)), workers=2, ahead=4)
    next(results)
    time.sleep(0.05)
    assert len(made) <= 5
    assert list(results) == list(range(1, 100))


def test_the_class_is_keras_own_in_its_words():
    import keras

    theirs, ours = keras.utils.PyDataset(workers=3, max_queue_size=5), PyDataset(workers=3, max_queue_size=5)
    for name in ("workers", "use_multiprocessing", "max_queue_size"):
        assert getattr(theirs, name) == getattr(ours, name)

    class Silent(PyDataset):
        def __init__(self):
            pass  # forgets super().__init__

    assert Silent().workers == 1
    with pytest.raises(NotImplementedError, match="Silent needs `__getitem__"):
        Silent()[0]
    with pytest.raises(NotImplementedError, match="num_batches"):
        _ = Silent().num_batches
    assert [int(x[0, 0]) for x, _ in Numbers(3)] == [0, 1, 2]
