"""Passes, epochs and peeking, whatever the batches come from."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest
import torch

from kerastorch.data import stream
from kerastorch.data.stream import StreamSource, annotate, outline


class Passes(StreamSource):
    """`lengths[i]` batches in pass i (the last repeats), each holding (pass, number); counts hooks."""

    def __init__(self, *lengths, steps=None, by_epoch=False, known=None, **more):
        super().__init__("test stream", device="cpu", steps=steps, **more)
        self.lengths, self.by_epoch, self.known = lengths, by_epoch, known
        self.opened, self.hooks = [], []

    @property
    def _pass_batches(self):
        return self.known

    def _open(self, number, start):
        self.opened.append((number, start))
        length = self.lengths[min(len(self.opened), len(self.lengths)) - 1]
        return iter([np.array([[number, i]], "float32") for i in range(start, length)])

    def _begin_epoch(self):
        self.hooks.append("begin")

    def _end_epoch(self):
        self.hooks.append("end")


def run(source, epoch, start=0):
    return [tuple(int(v) for v in batch.x[0]) for batch in source.batches(epoch, start)]


def test_an_epoch_is_a_pass():
    source = Passes(2)
    assert [run(source, e) for e in range(2)] == [[(0, 0), (0, 1)], [(1, 0), (1, 1)]]
    assert source.hooks == ["begin", "end"] * 2


def test_peek_loses_nothing_and_opens_nothing_twice():
    source = Passes(2)
    first = source.peek()
    assert source.peek() is first
    assert run(source, 0) == [(0, 0), (0, 1)] and source.opened == [(0, 0)]
    assert source.hooks == ["begin", "end"]


def test_a_peeked_pass_is_used_whatever_the_epoch_unless_epochs_differ():
    source = Passes(2)
    source.peek()
    run(source, 5)
    assert source.opened == [(0, 0)]
    source = Passes(2, by_epoch=True)
    source.peek()
    assert run(source, 5) == [(5, 0), (5, 1)] and source.opened == [(0, 0), (5, 0)]


def test_steps_go_on_in_the_same_pass_and_into_the_next():
    source = Passes(4, steps=3)
    assert run(source, 0) == [(0, 0), (0, 1), (0, 2)]
    assert run(source, 1) == [(0, 3), (1, 0), (1, 1)]


def test_steps_of_a_known_length_are_a_function_of_the_epoch():
    whole = [run(Passes(4, steps=3, known=4, by_epoch=True), e) for e in range(4)]
    assert whole[2] == [(1, 2), (1, 3), (2, 0)]
    source = Passes(4, steps=3, known=4, by_epoch=True)
    assert [run(source, e) for e in range(4)] == whole
    assert source.opened == [(0, 0), (1, 0), (2, 0)]
    assert run(source, 1, 2) == whole[1][2:]
    source.peek(3)
    assert run(source, 3) == whole[3]


def test_start_drops_what_is_done():
    assert run(Passes(4), 2, 3) == [(2, 3)]
    assert run(Passes(4, known=4), 2, 3) == [(2, 3)]


@pytest.mark.parametrize("known", [None, 2])
def test_a_pass_shorter_than_an_epoch_warns_once(known):
    source = Passes(2, steps=5, known=known)
    with pytest.warns(UserWarning, match="2 batches received, 5 expected") as caught:
        assert [len(run(source, e)) for e in range(3)] == [2, 2, 2]
    assert len(caught) == 1


def test_nothing_at_all_is_an_error_but_a_later_empty_pass_a_warning():
    with pytest.raises(ValueError, match="test stream: expected at least one batch"):
        run(Passes(0), 0)
    with pytest.raises(ValueError, match="empty"):
        Passes(0).peek()
    source = Passes(1, 0)
    run(source, 0)
    with pytest.warns(UserWarning, match="0 batches received"):
        assert run(source, 1) == []


def test_the_epoch_ends_when_it_is_left():
    source = Passes(3)
    batches = source.batches(0)
    next(batches)
    del batches
    assert source.hooks == ["begin", "end"]
    source.close()
    source.close()
    assert source._items is None


class Items(StreamSource):
    def __init__(self, *items):
        super().__init__("list", device="cpu", steps=None)
        self.items = items

    def _open(self, number, start):
        return iter(self.items)


X = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ((X,), "nested as in the first batch"),
        ({"a": X, "b": X}, "nested as in the first batch"),
        (([X, X], X), "nested as in the first batch"),
        ((X, X, X, X), "a tuple of 4"),
        ((X, np.zeros(2)), "3 rows as in x"),
        ((X, None), "nested as in the first batch"),
        ("text", "received 'text'"),
        ((X, np.array(["a", "b", "c"])), "strings"),
    ],
)
def test_a_wrong_batch_is_named(second, says):
    batches = Items((X, X), second).batches(0)
    next(batches)
    with pytest.raises(ValueError, match="Batch 1 of the list") as caught:
        next(batches)
    assert says in str(caught.value)


def test_floats_of_numpy_become_floatx_and_read_only_arrays_are_copied():
    frozen = np.ones((3, 2))
    frozen.flags.writeable = False
    frozen32 = frozen.astype("float32")
    frozen32.flags.writeable = False
    tensor = torch.zeros(3, dtype=torch.float64)
    for batch in Items(({"a": frozen, "b": frozen32}, tensor), ({"b": frozen32, "a": frozen}, tensor)).batches(0):
        assert batch.x["a"].dtype == torch.float32 and batch.y is tensor
        batch.x["b"].add_(1)
    assert frozen32.sum() == 6


def test_a_transform_sees_the_host_batch():
    seen = []

    def double(batch, where):
        seen.append((type(batch.x), where))
        batch.x = batch.x * 2
        return batch

    source = Passes(1, transform=double)
    assert run(source, 3) == [(6, 0)]
    assert seen == [(np.ndarray, "Batch 0 of the test stream")]


def test_errors_keep_their_type_and_gain_a_note(monkeypatch):
    error = KeyError("lost")
    if sys.version_info >= (3, 11):
        annotate(error, "batch 3")
        assert error.__notes__ == ["batch 3"]
    monkeypatch.setattr(stream.sys, "version_info", (3, 10))
    with pytest.raises(RuntimeError, match="batch 3 KeyError: 'lost'") as caught:
        annotate(error, "batch 3")
    assert caught.value.__cause__ is error


def test_outline_tells_nestings_apart():
    assert outline([1, {"a": None}]) == outline([2, {"a": None}]) != outline([2, {"b": None}])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert outline(None) is None
