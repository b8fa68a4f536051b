"""`keras.tree` against Keras's, on structures with dicts, named tuples and empty parts."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import Any

import pytest

from kerastorch import tree

Point = namedtuple("Point", "x y")
OtherPoint = namedtuple("OtherPoint", "x y")
STRUCTURES = [
    1,
    None,
    [],
    {},
    (),
    [1, 2, 3],
    (1, [2, (3,)]),
    {"b": 1, "a": [2, {"y": 3, "z": 4}]},
    OrderedDict([("b", 1), ("a", {"z": 2, "y": 3})]),
    [{"b": OrderedDict([("z", 1), ("y", 2)]), "a": 0}],
    defaultdict(list, {"b": 1, "a": 2}),
    deque([1, [2]], maxlen=3),
    Point(1, [2, 3]),
    [{}, [], None, {"a": ()}],
]
ids = [repr(s) for s in STRUCTURES]


@pytest.mark.parametrize("structure", STRUCTURES, ids=ids)
def test_flattening_and_packing_like_keras(structure: Any) -> None:
    import keras

    assert tree.flatten(structure) == keras.tree.flatten(structure)
    assert tree.is_nested(structure) == keras.tree.is_nested(structure)
    assert tree.flatten_with_path(structure) == keras.tree.flatten_with_path(structure)
    leaves = [f"leaf {i}" for i in range(len(tree.flatten(structure)))]
    packed = tree.pack_sequence_as(structure, leaves)
    assert packed == keras.tree.pack_sequence_as(structure, leaves) and type(packed) is type(
        keras.tree.pack_sequence_as(structure, leaves)
    )


def test_dicts_are_walked_by_sorted_keys_at_every_depth() -> None:
    """Keras on torch sorts only where no dict is around (its other backends sort everywhere)."""
    assert tree.flatten({"b": 1, "a": [2, {"z": 3, "y": 4}]}) == [2, 4, 3, 1]


@pytest.mark.parametrize("structure", STRUCTURES, ids=ids)
def test_mapping_like_keras(structure: Any) -> None:
    import keras

    def show(leaf: Any) -> str:
        return f"<{leaf}>"

    assert tree.map_structure(show, structure) == keras.tree.map_structure(show, structure)
    assert tree.lists_to_tuples(structure) == keras.tree.lists_to_tuples(structure)
    tree.assert_same_structure(structure, tree.map_structure(show, structure))


PAIRS = [
    ([1], [1, 2]),
    ([1], (1,)),
    ([1], deque([1])),
    ([], ()),
    ([], {}),
    (1, [1]),
    ([1], 1),
    (None, []),
    (None, 1),
    ([1, [2]], [1, 2]),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": [1]}, {"a": (1,)}),
    ({"a": 1, "b": 2}, OrderedDict([("b", 3), ("a", 4)])),
    ({"a": 1}, defaultdict(int, {"a": 2})),
    (Point(1, 2), Point(3, 4)),
    (Point(1, 2), OtherPoint(1, 2)),
    (Point(1, 2), (1, 2)),
]


@pytest.mark.parametrize("check", ["assert_same_structure", "assert_same_paths"])
@pytest.mark.parametrize(("a", "b"), PAIRS, ids=map(repr, PAIRS))
def test_what_counts_as_the_same_is_what_keras_says(check: str, a: Any, b: Any) -> None:
    import keras

    def same(home: Any) -> bool:
        try:
            getattr(home, check)(a, b)
        except ValueError:
            return False
        return True

    assert same(tree) == same(keras.tree)


def test_several_structures_are_mapped_by_their_keys() -> None:
    import keras

    given = {"a": 1, "b": 2}, OrderedDict([("b", 30), ("a", 40)])
    ours, theirs = (home.map_structure(lambda a, b: a + b, *given) for home in (tree, keras.tree))
    assert ours == theirs == {"a": 41, "b": 32}


def test_none_is_a_leaf_unless_it_is_not() -> None:
    import keras

    for none_is_leaf in (True, False):
        ours, theirs = (
            home.map_structure(repr, [None, {"a": 1}], none_is_leaf=none_is_leaf) for home in (tree, keras.tree)
        )
        assert ours == theirs


def test_deques_keep_their_greatest_length() -> None:
    assert tree.map_structure(abs, deque([-1], maxlen=3)).maxlen == 3


def test_traverse_replaces_and_removes_like_keras() -> None:
    import keras

    structure = [1, {"a": (2, 3)}, [4]]

    def ours(part: Any) -> Any:
        return {2: 20, 4: tree.MAP_TO_NONE}.get(part) if isinstance(part, int) else None

    def theirs(part: Any) -> Any:
        return {2: 20, 4: keras.tree.MAP_TO_NONE}.get(part) if isinstance(part, int) else None

    assert tree.traverse(ours, structure) == keras.tree.traverse(theirs, structure) == [1, {"a": (20, 3)}, [None]]


def test_shapes_are_leaves_of_map_shape_structure() -> None:
    import keras

    structure = {"a": (None, 3), "b": [(2,), (4, 5)]}
    assert tree.map_shape_structure(len, structure) == keras.tree.map_shape_structure(len, structure)
