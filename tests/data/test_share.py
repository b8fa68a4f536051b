"""Which rows of a batch are a rank's: together all of them, each once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.data.share import Share


@given(st.integers(1, 300), st.integers(1, 9))
def test_the_ranks_have_each_row_once_and_in_order(total: int, ranks: int) -> None:
    shares = [Share.of(total, rank, ranks) for rank in range(ranks)]
    assert [row for s in shares if s.size for row in range(s.low, s.high)] == list(range(total))
    assert max(s.size for s in shares) - min(s.size for s in shares) <= 1
    assert all(0 <= s.low < s.high <= total and s.high - s.low == max(s.size, 1) for s in shares)


@given(st.integers(1, 300), st.integers(1, 9))
def test_the_mean_over_ranks_of_weighed_means_is_the_mean_over_rows(total: int, ranks: int) -> None:
    values = [(7 * row) % 11 for row in range(total)]
    shares = [Share.of(total, rank, ranks) for rank in range(ranks)]
    means = [s.factor * sum(values[s.low : s.high]) / (s.high - s.low) for s in shares]
    assert sum(means) / ranks == pytest.approx(sum(values) / total, rel=1e-12)


def test_a_rank_without_rows_joins_in_with_one_that_does_not_count() -> None:
    shares = [Share.of(2, rank, 4) for rank in range(4)]
    assert [s.size for s in shares] == [0, 1, 0, 1] and [s.factor for s in shares] == [0.0, 2.0, 0.0, 2.0]
    assert all(s.high - s.low == 1 for s in shares)
