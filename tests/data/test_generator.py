"""Generators and iterables as sources."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kerastorch.data.generator import GeneratorSource


def endless():
    number = 0
    while True:
        yield np.full((2, 1), number), np.zeros(2)
        number += 1


def firsts(source, epoch=0, start=0):
    return [int(batch.x[0]) for batch in source.batches(epoch, start)]


def test_one_generator_over_all_epochs():
    source = GeneratorSource(endless(), steps=3)
    assert int(source.peek().x[0]) == 0
    assert [firsts(source, e) for e in range(3)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert source.num_batches == 3


def test_a_generator_that_ends_early():
    source = GeneratorSource((torch.full((1,), i) for i in range(5)), steps=3)
    assert firsts(source) == [0, 1, 2]
    with pytest.warns(UserWarning, match="2 batches received, 3 expected") as caught:
        assert firsts(source, 1) == [3, 4]
        assert firsts(source, 2) == []
    assert len(caught) == 1


def test_without_steps_it_is_consumed_once():
    source = GeneratorSource(torch.full((1,), i) for i in range(3))
    assert source.num_batches is None and firsts(source) == [0, 1, 2]
    with pytest.warns(UserWarning, match="0 batches received, at least 1 expected"):
        assert firsts(source, 1) == []


def test_iterables_begin_anew():
    class Again:
        def __iter__(self):
            return iter([np.array([1]), np.array([2])])

    source = GeneratorSource(Again())
    source.peek()
    assert [firsts(source, e) for e in range(2)] == [[1, 2], [1, 2]]
    assert GeneratorSource(range(4)).num_batches == 4


def test_start_is_fetched_and_dropped():
    assert firsts(GeneratorSource(endless(), steps=4), 0, 2) == [2, 3]


def test_closing_leaves_the_users_generator_alone():
    generator = endless()
    source = GeneratorSource(generator, steps=2)
    firsts(source)
    source.close()
    assert next(generator)[0][0] == 2


def test_empty_and_failing():
    with pytest.raises(ValueError, match="`x`, a generator: expected at least one batch"):
        GeneratorSource(iter(())).peek()

    def fails():
        yield np.zeros((2, 1))
        raise KeyError("no such file")

    batches = GeneratorSource(fails()).batches(0)
    next(batches)
    with pytest.raises(KeyError, match="no such file") as caught:
        next(batches)
    assert "generator while making batch 1" in caught.value.__notes__[0]
