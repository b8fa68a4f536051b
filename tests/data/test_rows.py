"""Pieces of a batch."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.data.batch import Batch
from kerastorch.data.rows import rows


@given(st.integers(1, 20), st.integers(1, 25))
def test_pieces_together_are_the_batch(size: int, limit: int) -> None:
    x, y, weight = torch.arange(size * 2).reshape(size, 2), torch.arange(size), torch.rand(size)
    batch = Batch([x, {"a": y}], y, weight, size)
    pieces = [rows(batch, start, start + limit) for start in range(0, size, limit)]
    assert all(0 < piece.size <= limit for piece in pieces)
    assert torch.equal(torch.cat([p.x[0] for p in pieces]), x)
    assert torch.equal(torch.cat([p.x[1]["a"] for p in pieces]), y)
    assert torch.equal(torch.cat([p.sample_weight for p in pieces]), weight)


def test_what_is_missing_stays_missing() -> None:
    batch = Batch(torch.zeros(3), None, None, 3)
    piece = rows(batch, 1, 3)
    assert piece.y is None and piece.sample_weight is None
    outputs = Batch(torch.zeros(3), [torch.ones(3), None], [None, torch.ones(3)], 3)
    piece = rows(outputs, 0, 2)
    assert piece.y[1] is None and piece.sample_weight[0] is None and len(piece.y[0]) == 2


def test_nothing_is_copied() -> None:
    batch = Batch(torch.zeros(4, 2), torch.zeros(4), None, 4)
    assert rows(batch, 0, 9) is batch
    assert rows(batch, 1, 3).x.data_ptr() == batch.x[1].data_ptr()


def test_a_row_that_stands_in_for_none_stays() -> None:
    batch = Batch(torch.zeros(1, 2), torch.zeros(1), None, 0, 5, 0.0)
    assert rows(batch, 0, 3) is batch
