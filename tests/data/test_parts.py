"""Nested arrays and their batches."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.base import nested
from kerastorch.data.parts import Part, count_samples, packer

Pair = namedtuple("Pair", ["left", "right"])
LEAF = st.integers()
STRUCTURES = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.tuples(inner, inner)
        | st.builds(Pair, inner, inner)
        | st.dictionaries(st.sampled_from("abc"), inner, min_size=1)
    ),
    max_leaves=8,
)


@given(STRUCTURES)
def test_packer_undoes_flatten(structure):
    packed = packer(structure)(*nested.flatten(structure)) if nested.is_nested(structure) else structure
    assert packed == structure and type(packed) is type(structure)


def test_batches_are_nested_as_the_user_nested_them():
    part = Part("x", {"b": torch.arange(4), "a": [torch.zeros(4, 1), None]})
    batches = list(part.batches(lambda rows: rows.slice(0, 4).split(2)))
    assert [b["b"].tolist() for b in batches] == [[0, 1], [2, 3]]
    assert all(b["a"][1] is None and b["a"][0].shape == (2, 1) for b in batches)


def test_missing_parts_and_counts():
    assert Part("y", None).arrays() == []
    assert count_samples([Part("x", np.zeros(3)), Part("y", None)]) == 3
    with pytest.raises(ValueError, match=r"`y\[1\]` against `x`: expected the same number of samples, 3, received 2"):
        count_samples([Part("x", np.zeros(3)), Part("y", [np.zeros(3), np.zeros(2)])])
    with pytest.raises(ValueError, match="empty"):
        count_samples([Part("x", np.zeros((0, 2)))])
    with pytest.raises(ValueError, match="an array or tensor"):
        count_samples([Part("x", [])])
