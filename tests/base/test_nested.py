"""Nested structures, beside `keras.tree`."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.base import nested

Point = namedtuple("Point", "x y")
LEAVES = st.integers() | st.text(max_size=3) | st.none()
STRUCTURES = st.recursive(
    LEAVES,
    lambda s: (
        st.lists(s, max_size=3)
        | st.lists(s, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), s, max_size=3)
    ),
    max_leaves=12,
)


SEQUENCES = st.recursive(LEAVES, lambda s: st.lists(s, max_size=3) | st.lists(s, max_size=3).map(tuple), max_leaves=12)


@given(SEQUENCES | st.dictionaries(st.text(max_size=3), SEQUENCES, max_size=3))
def test_flatten_like_keras(structure: Any) -> None:
    """Dicts in dicts are left out: there the order of Keras's own torch tree depends on which library is installed."""
    import keras

    assert nested.flatten(structure) == keras.tree.flatten(structure)


def test_dicts_are_walked_in_the_order_of_their_keys() -> None:
    assert nested.flatten({"b": {"z": 1, "y": 2}, "a": 3}) == [3, 2, 1]
    assert nested.flatten({2: "x", "a": "y"}) == ["x", "y"]  # keys that cannot be sorted keep their order


@given(STRUCTURES)
def test_paths_belong_to_leaves(structure: Any) -> None:
    assert [leaf for _, leaf in nested.flatten_with_path(structure)] == nested.flatten(structure)


@given(STRUCTURES)
def test_flatten_and_pack_again(structure: Any) -> None:
    assert nested.pack_sequence_as(structure, nested.flatten(structure)) == structure
    assert nested.map_structure(lambda v: v, structure) == structure
    nested.assert_same_structure(structure, nested.map_structure(lambda _: 0, structure))


@given(STRUCTURES)
def test_paths_lead_to_leaves(structure: Any) -> None:
    for path, leaf in nested.flatten_with_path(structure):
        found = structure
        for key in path:
            found = found[key]
        assert found is leaf


def test_kinds_are_kept() -> None:
    doubled = nested.map_structure(lambda v: 2 * v, [Point(1, (2,)), OrderedDict(b=3, a=4)])
    assert doubled == [Point(2, (4,)), OrderedDict(b=6, a=8)]
    assert type(doubled[0]) is Point and type(doubled[1]) is OrderedDict and list(doubled[1]) == ["b", "a"]


def test_sizes_are_leaves() -> None:
    size = torch.Size([2, 3])
    assert nested.flatten([size]) == [size] and not nested.is_nested(size)


def test_several_structures() -> None:
    assert nested.map_structure(lambda a, b: a + b, {"x": [1]}, {"x": (10,)}) == {"x": [11]}
    with pytest.raises(ValueError, match="Nested structures"):
        nested.map_structure(lambda a, b: a, [1], [1, 2])


@pytest.mark.parametrize(
    ("a", "b", "match"),
    [
        ([1], 1, "expected"),
        ([1, 2], [1], "keys"),
        ({"a": 1}, {"b": 1}, "keys"),
        ({"a": [1]}, {"a": [1, 2]}, r"at \('a',\)"),
        ([1], {"a": 1}, "a list"),
    ],
)
def test_differences_are_named(a: Any, b: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        nested.assert_same_structure(a, b)


def test_kinds_of_containers_count_but_for_paths() -> None:
    with pytest.raises(ValueError, match="a list"):
        nested.assert_same_structure([1], (1,))
    with pytest.warns(DeprecationWarning, match="assert_same_paths"):
        nested.assert_same_structure([1], [2], check_types=False)
    nested.assert_same_paths([1, 2], (3, 4))
    with pytest.raises(ValueError, match="leaves at"):
        nested.assert_same_paths([1], {"a": 1})


def test_packing_counts() -> None:
    with pytest.raises(ValueError, match="2 values, received 3 values"):
        nested.pack_sequence_as([0, 0], [1, 2, 3])


def test_map_structure_up_to() -> None:
    assert nested.map_structure_up_to({"a": 0}, lambda v, w: (v, w), {"a": [1, 2]}, {"a": 3}) == {"a": ([1, 2], 3)}
    with pytest.raises(ValueError, match="Nested structure"):
        nested.map_structure_up_to([0, 0], len, [[1]])


@given(STRUCTURES)
def test_traverse_like_keras(structure: Any) -> None:
    import keras

    def to_tuple(value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else None

    assert nested.traverse(to_tuple, structure) == keras.tree.traverse(to_tuple, structure)
    assert nested.traverse(to_tuple, structure, top_down=False) == keras.tree.traverse(
        to_tuple, structure, top_down=False
    )


def test_traverse_to_none() -> None:
    assert nested.traverse(lambda v: nested.MAP_TO_NONE if v == 1 else None, [1, [1, 2]]) == [None, [None, 2]]
    assert nested.traverse(lambda v: nested.MAP_TO_NONE if v == [1] else None, [[1], 2], top_down=False) == [None, 2]
    assert repr(nested.MAP_TO_NONE) == "MAP_TO_NONE"


def test_lists_to_tuples() -> None:
    assert nested.lists_to_tuples({"a": [1, [2]], "b": Point([1], 2)}) == {"a": (1, (2,)), "b": Point((1,), 2)}


def test_shapes() -> None:
    assert nested.is_shape((None, 3)) and not nested.is_shape([(1, 2)]) and not nested.is_shape("ab")
    assert nested.map_shape_structure(len, {"a": [None, 3], "b": [(1,), (2, 2)]}) == {"a": 2, "b": [1, 2]}
    with pytest.raises(ValueError, match="Shape structure"):
        nested.map_shape_structure(len, ["a"])
