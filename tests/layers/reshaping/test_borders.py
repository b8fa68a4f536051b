"""Pairs of borders as users write them."""

from __future__ import annotations

from typing import Any

import pytest

from kerastorch.layers.reshaping.borders import pairs


@pytest.mark.parametrize(
    ("value", "rank", "found"),
    [
        (1, 1, ((1, 1),)),
        ((1, 2), 1, ((1, 2),)),
        (1, 2, ((1, 1), (1, 1))),
        ((1, 2), 2, ((1, 1), (2, 2))),
        (((0, 1), (2, 3)), 2, ((0, 1), (2, 3))),
        ([1, (0, 2), 0], 3, ((1, 1), (0, 2), (0, 0))),
    ],
)
def test_pairs(value: Any, rank: int, found: Any) -> None:
    assert pairs("`padding`", value, rank) == found


@pytest.mark.parametrize(
    ("value", "rank"), [(-1, 1), ((1, 2, 3), 1), (1.5, 2), ((1, 2, 3), 2), (((1, 2, 3), 1), 2), ("a", 2), (None, 3)]
)
def test_bad_pairs(value: Any, rank: int) -> None:
    with pytest.raises(ValueError, match="`padding`: expected"):
        pairs("`padding`", value, rank)
