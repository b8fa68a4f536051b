"""`ArraySource`: blocks, orders, steps, memory."""

from __future__ import annotations

import cProfile
import math
import pstats
import threading
import time

import numpy as np
import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.data import arrays
from kerastorch.data.arrays import ArraySource


def rows_of(source, epoch=0, start=0):
    return [batch.x.tolist() for batch in source.batches(epoch, start)]


@given(
    samples=st.integers(1, 200),
    batch_size=st.integers(1, 50),
    block=st.sampled_from([1, 100, 1 << 20]),
    shuffle=st.sampled_from([False, True, "batch"]),
    seed=st.integers(0, 2**63),
    epoch=st.integers(0, 20),
    data=st.data(),
)
def test_orders(samples, batch_size, block, shuffle, seed, epoch, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "BLOCK_BYTES", block)
        source = ArraySource(
            torch.arange(samples), torch.arange(samples) * 2, batch_size=batch_size, shuffle=shuffle, seed=seed
        )
        again = ArraySource(np.arange(samples), batch_size=batch_size, shuffle=shuffle, seed=seed)
    batches = list(source.batches(epoch))
    seen = rows_of(source, epoch)
    assert len(batches) == source.num_batches == math.ceil(samples / batch_size)
    assert sorted(i for rows in seen for i in rows) == list(range(samples))
    assert all(len(rows) == batch_size for rows in seen[:-1])
    assert all(b.y.equal(b.x * 2) and b.size == len(b.x) and b.sample_weight is None for b in batches)
    assert rows_of(again, epoch) == seen
    start = data.draw(st.integers(0, len(seen)))
    assert rows_of(again, epoch, start) == seen[start:]
    if not shuffle:
        assert [i for rows in seen for i in rows] == list(range(samples))


@given(samples=st.integers(2, 60), batch_size=st.integers(1, 20), data=st.data())
def test_steps_go_on_where_the_last_epoch_stopped(samples, batch_size, data):
    whole = ArraySource(torch.arange(samples), batch_size=batch_size, shuffle=True, seed=3)
    steps = data.draw(st.integers(1, whole.num_batches))
    source = ArraySource(torch.arange(samples), batch_size=batch_size, shuffle=True, seed=3, steps=steps)
    stream = [rows for number in range(4) for rows in rows_of(whole, number)]
    epochs = len(stream) // steps
    got = [rows_of(source, epoch) for epoch in range(epochs)]
    assert [rows for epoch in got for rows in epoch] == stream[: epochs * steps]
    start = data.draw(st.integers(0, steps))
    assert rows_of(source, epochs - 1, start) == got[-1][start:]


def test_too_many_steps_warn_once_and_give_a_pass():
    source = ArraySource(torch.arange(6), batch_size=2, steps=5)
    with pytest.warns(UserWarning, match="3 batches received, 5 expected") as caught:
        counts = [len(rows_of(source, epoch)) for epoch in range(3)]
    assert counts == [3, 3, 3] and len(caught) == 1


def test_the_batches_of_keras():
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    x, y = np.random.rand(70, 3), np.random.randint(0, 5, 70)
    theirs = list(ArrayDataAdapter(x, y, batch_size=32).get_torch_dataloader())
    ours = [batch.data for batch in ArraySource(x, y, batch_size=32).batches(0)]
    assert len(theirs) == len(ours) == 3
    for (x1, y1), (x2, y2) in zip(theirs, ours, strict=True):
        assert x1.equal(x2) and x1.dtype == x2.dtype and y1.equal(y2) and y1.dtype == y2.dtype


def test_nested_structures_and_weights():
    x = {"a": np.arange(5.0), "b": [torch.arange(5), None]}
    source = ArraySource(x, (np.zeros(5), np.ones(5)), [None, np.arange(5)], batch_size=2, shuffle=True, seed=1)
    for batch in source.batches(0):
        assert batch.x["a"].dtype == torch.float32 and batch.x["a"].long().equal(batch.x["b"][0])
        assert batch.x["b"][1] is None and isinstance(batch.y, tuple)
        assert batch.sample_weight[0] is None and batch.sample_weight[1].equal(batch.x["b"][0])
        assert len(batch.data) == 3


def test_unshuffled_batches_are_views_of_the_array():
    array = np.zeros((10, 4), "float32")
    pointers = [b.x.data_ptr() for b in ArraySource(array, batch_size=4).batches(0)]
    assert pointers == [array.ctypes.data + 64 * i for i in range(3)]


def test_batches_are_independent_to_autograd():
    first, second = list(ArraySource(torch.rand(4, 2), batch_size=2, shuffle=True).batches(0))
    weight = torch.ones(2, requires_grad=True)
    loss = (first.x * weight).sum()
    second.x.add_(1)
    second.x.requires_grad_()
    loss.backward()
    assert weight.grad is not None


def test_peek_is_the_first_batch_of_the_data():
    source = ArraySource(torch.arange(5), batch_size=2, shuffle=True)
    assert source.peek().x.tolist() == [0, 1] and source.peek().size == 2
    assert len(rows_of(source)) == 3
    assert [where for where, _ in source.arrays()] == ["`x`"]


def test_state_goes_on_with_the_same_order():
    first = ArraySource(torch.arange(50), batch_size=8, shuffle=True, seed=5)
    second = ArraySource(torch.arange(50), batch_size=8, shuffle=True, seed=6)
    want = rows_of(first, 2)[3:]
    assert rows_of(second, 2, 3) != want
    second.load_state_dict(first.state_dict())
    assert rows_of(second, 2, 3) == want
    second.close()
    second.close()
    with pytest.raises(ValueError, match="samples 50, received 40"):
        ArraySource(torch.arange(40), batch_size=8, shuffle=True).load_state_dict(first.state_dict())


def test_few_calls_a_batch():
    source = ArraySource(torch.rand(20_000, 10), torch.zeros(20_000), batch_size=20, shuffle=True)
    profile = cProfile.Profile()
    profile.enable()
    for _ in source.batches(0):
        pass
    profile.disable()
    assert pstats.Stats(profile).total_calls / source.num_batches < 6


def test_as_fast_as_indexing():
    x, y = torch.rand(20_000, 784), torch.randint(0, 10, (20_000,))
    source = ArraySource(x, y, batch_size=128, shuffle=True)

    def bare():
        permutation = torch.randperm(len(x))
        for i in range(0, len(x), 128):
            index = permutation[i : i + 128]
            x[index], y[index]

    def ours():
        for _ in source.batches(0):
            pass

    def fastest(run):
        times = []
        for _ in range(7):
            begin = time.perf_counter()
            run()
            times.append(time.perf_counter() - begin)
        return min(times)

    assert fastest(ours) < 1.2 * fastest(bare)


class _Memory:
    """The most memory this process holds beyond what it held at the start, in MB, looked at every 2 ms."""

    def __enter__(self):
        process = psutil.Process()
        self.base = self.most = process.memory_info().rss
        self.done = threading.Event()

        def watch():
            while not self.done.wait(0.002):
                self.most = max(self.most, process.memory_info().rss)

        self.thread = threading.Thread(target=watch)
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        self.thread.join()
        self.extra = (self.most - self.base) / 2**20


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("dtype", ["float32", ">f4"])
def test_a_mapped_file_stays_on_disk(tmp_path, shuffle, dtype):
    array = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype=dtype, shape=(80_000, 784))
    for start in range(0, len(array), 4000):
        array[start : start + 4000] = np.arange(start, start + 4000)[:, None]
    array.flush()
    del array
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    seen = torch.empty(80_000)
    with _Memory() as memory:
        source = ArraySource(mapped, batch_size=128, shuffle=shuffle)
        for number, batch in enumerate(source.batches(0)):
            seen[number * 128 : (number + 1) * 128] = batch.x[:, 5]
    assert seen.sort().values.equal(torch.arange(80_000.0))
    assert mapped.nbytes > 235 * 2**20
    assert memory.extra < (140 if shuffle else 30)


@pytest.mark.gpu
def test_on_a_gpu():
    x, y = np.random.rand(1000, 7), np.random.randint(0, 3, 1000)
    want = list(ArraySource(x, y, batch_size=32, shuffle=True).batches(1))
    for share in (0.4, 0.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(arrays, "RESIDENT_SHARE", share)
            got = list(ArraySource(x, y, batch_size=32, shuffle=True, device="cuda").batches(1))
        for a, b in zip(want, got, strict=True):
            assert b.x.is_cuda and b.x.cpu().equal(a.x) and b.y.cpu().equal(a.y)
