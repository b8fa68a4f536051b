"""Nested structures: lists, tuples, named tuples, deques and dicts of leaves (the words of `keras.tree`).

As in Keras dicts are walked in the order of their sorted keys, so that two dicts with the same keys are the same
structure, and an `OrderedDict` in its own order.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from kerastorch.base import errors

Path = tuple[Any, ...]


def is_nested(structure: Any) -> bool:
    """Whether `structure` is a list, tuple, deque or mapping, and not a leaf.

    Example:
        >>> is_nested([1]), is_nested({"a": 1}), is_nested("text")
        (True, True, False)
    """
    return isinstance(structure, (list, tuple, deque, Mapping)) and not _is_leaf_tuple(structure)


def _is_leaf_tuple(structure: Any) -> bool:
    return type(structure).__name__ == "Size" and type(structure).__module__ == "torch"


def _items(structure: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(structure, Mapping):
        return ((k, structure[k]) for k in _keys(structure))
    return enumerate(structure)


def _keys(structure: Mapping[Any, Any]) -> Iterable[Any]:
    if isinstance(structure, OrderedDict):
        return structure
    try:
        return sorted(structure)
    except TypeError:
        return structure


def _rebuild(like: Any, values: list[Any]) -> Any:
    """A structure of the type of `like` around its new direct children (in `_items` order)."""
    if isinstance(like, Mapping):
        by_key = dict(zip(_keys(like), values, strict=True))
        ordered = {k: by_key[k] for k in like}
        if isinstance(like, defaultdict):
            return type(like)(like.default_factory, ordered)
        return ordered if type(like) is dict else type(like)(ordered)  # type: ignore[call-arg]
    if isinstance(like, deque):
        return type(like)(values, like.maxlen)
    if isinstance(like, tuple) and hasattr(like, "_fields"):
        return type(like)(*values)
    return type(like)(values)


def flatten_with_path(structure: Any) -> list[tuple[Path, Any]]:
    """All leaves with their paths.

    Args:
        structure: Anything; a leaf counts as a structure with the empty path.

    Returns:
        A list of (path, leaf), dicts in sorted key order.

    Example:
        >>> flatten_with_path({"b": [1, 2], "a": 0})
        [(('a',), 0), (('b', 0), 1), (('b', 1), 2)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [((key, *path), leaf) for key, child in _items(structure) for path, leaf in flatten_with_path(child)]


def flatten(structure: Any) -> list[Any]:
    """All leaves in order.

    Example:
        >>> flatten([1, (2, {"x": 3})])
        [1, 2, 3]
    """
    if not is_nested(structure):
        return [structure]
    return [leaf for _, child in _items(structure) for leaf in flatten(child)]


def map_structure(function: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Apply `function` to the leaves of structures of one shape.

    Args:
        function: Takes one leaf of each structure.
        *structures: One or more structures with the same nesting; a list beside a tuple will do.
        none_is_leaf: Whether `function` is called with None too; else None stays.

    Returns:
        A structure of the first one's shape holding the results.

    Raises:
        ValueError: The structures differ.

    Example:
        >>> map_structure(lambda a, b: a + b, {"x": 1}, {"x": 10})
        {'x': 11}
    """
    for other in structures[1:]:
        _assert_same(structures[0], other, False, ())
    if none_is_leaf:
        return _map(function, structures)
    return _map(lambda *leaves: None if all(leaf is None for leaf in leaves) else function(*leaves), structures)


def _map(function: Callable[..., Any], structures: tuple[Any, ...]) -> Any:
    if not is_nested(structures[0]):
        return function(*structures)
    if len(structures) == 1:
        return _rebuild(structures[0], [_map(function, (child,)) for _, child in _items(structures[0])])
    keys = [key for key, _ in _items(structures[0])]
    return _rebuild(structures[0], [_map(function, tuple(s[key] for s in structures)) for key in keys])


def map_structure_up_to(shallow: Any, function: Callable[..., Any], *structures: Any) -> Any:
    """Apply `function` where `shallow` has leaves; the other structures may go deeper there.

    Example:
        >>> map_structure_up_to([0, 0], len, [[1, 2], [3]])
        [2, 1]
    """
    if not is_nested(shallow):
        return function(*structures)
    keys = [k for k, _ in _items(shallow)]
    for s in structures:
        if not is_nested(s) or sorted(map(str, keys)) != sorted(str(k) for k, _ in _items(s)):
            raise errors.value_error("Nested structure", expected=f"the keys {keys}", received=s)
    return _rebuild(shallow, [map_structure_up_to(shallow[k], function, *(s[k] for s in structures)) for k in keys])


def pack_sequence_as(structure: Any, flat_sequence: list[Any] | tuple[Any, ...]) -> Any:
    """Give a flat list the nesting of `structure`.

    Args:
        structure: The nesting to take.
        flat_sequence: One value for each leaf, in `flatten` order.

    Returns:
        The nested values.

    Raises:
        ValueError: The number of values differs from the number of leaves.

    Example:
        >>> pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
        {'a': 1, 'b': (2, 3)}
    """
    leaves = len(flatten(structure))
    if leaves != len(flat_sequence):
        raise errors.value_error(
            "`flat_sequence`", expected=f"{leaves} values", received=errors.Said(f"{len(flat_sequence)} values")
        )
    values = iter(flat_sequence)
    return _map(lambda _: next(values), (structure,))


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Raise unless two structures have the same nesting in the same kinds of containers.

    All dicts are of one kind; a list, a tuple, a deque and each class of named tuples are of different kinds.

    Args:
        a: A structure.
        b: Another.
        check_types: Deprecated in Keras, and without effect; see `assert_same_paths` for a looser check.

    Raises:
        ValueError: They differ; the message names the first place.

    Example:
        >>> assert_same_structure([1, {"x": 2}], [3, {"x": 4}])
    """
    if check_types is not None:
        warnings.warn(
            "`check_types` of assert_same_structure has no effect any more. Leave it out, or use `assert_same_paths`, "
            "for which all kinds of containers are alike.",
            DeprecationWarning,
            stacklevel=2,
        )
    _assert_same(a, b, True, ())


def _assert_same(a: Any, b: Any, check_kinds: bool, path: Path) -> None:
    where = "Nested structures" + (f" at {path}" if path else "")
    if is_nested(a) != is_nested(b):
        raise errors.value_error(where, expected=errors.describe(a), received=b)
    if not is_nested(a):
        return
    if isinstance(a, Mapping) != isinstance(b, Mapping) or (check_kinds and _kind(a) is not _kind(b)):
        raise errors.value_error(where, expected=f"a {type(a).__name__}", received=errors.Said(f"a {type(b).__name__}"))
    keys_a, keys_b = [k for k, _ in _items(a)], [k for k, _ in _items(b)]
    if len(keys_a) != len(keys_b) or set(keys_a) != set(keys_b):
        raise errors.value_error(where, expected=f"the keys {keys_a}", received=errors.Said(f"the keys {keys_b}"))
    for key in keys_a:
        _assert_same(a[key], b[key], check_kinds, (*path, key))


def _kind(structure: Any) -> type:
    """What a container counts as: all dicts are alike, and all lists, but each named tuple is its own kind."""
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)
    return next(kind for kind in (Mapping, list, tuple, deque) if isinstance(structure, kind))


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise unless the leaves of two structures lie at the same paths, whatever the containers are.

    Args:
        a: A structure.
        b: Another.

    Raises:
        ValueError: They differ.

    Example:
        >>> assert_same_paths([1, (2,)], (3, [4]))
    """
    paths_a = [p for p, _ in flatten_with_path(a)]
    paths_b = [p for p, _ in flatten_with_path(b)]
    if set(paths_a) != set(paths_b):
        raise errors.value_error(
            "Nested structures", expected=f"leaves at {paths_a}", received=errors.Said(f"leaves at {paths_b}")
        )


class _MapToNone:
    """What a `traverse` function returns to put None in a place (None itself means "go on inside")."""

    def __repr__(self) -> str:
        return "MAP_TO_NONE"


MAP_TO_NONE = _MapToNone()


def traverse(function: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Rewrite a structure, containers included.

    Args:
        function: Called with every container and leaf. None means "leave as it is and go inside", `MAP_TO_NONE`
            means None, anything else replaces the place.
        structure: What to rewrite.
        top_down: Whether containers are offered before what they hold (else after).

    Returns:
        The rewritten structure.

    Example:
        >>> traverse(lambda v: tuple(v) if isinstance(v, list) else None, [1, [2]])
        (1, [2])
    """
    if top_down:
        result = function(structure)
        if result is not None:
            return None if result is MAP_TO_NONE else result
        return _traverse_children(function, structure, top_down)
    structure = _traverse_children(function, structure, top_down)
    result = function(structure)
    return structure if result is None else None if result is MAP_TO_NONE else result


def _traverse_children(function: Callable[[Any], Any], structure: Any, top_down: bool) -> Any:
    if not is_nested(structure):
        return structure
    return _rebuild(structure, [traverse(function, child, top_down) for _, child in _items(structure)])


def lists_to_tuples(structure: Any) -> Any:
    """Replace every list by a tuple.

    Example:
        >>> lists_to_tuples([1, [2]])
        (1, (2,))
    """
    if isinstance(structure, list):
        return tuple(lists_to_tuples(v) for v in structure)
    if not is_nested(structure):
        return structure
    return _rebuild(structure, [lists_to_tuples(c) for _, c in _items(structure)])


def is_shape(value: Any) -> bool:
    """Whether `value` is a shape: a list or tuple of integers and Nones only."""
    return isinstance(value, (list, tuple)) and all(d is None or isinstance(d, int) for d in value)


def map_shape_structure(function: Callable[[tuple[int | None, ...]], Any], structure: Any) -> Any:
    """Apply `function` to every shape in a structure of shapes.

    Example:
        >>> map_shape_structure(len, {"a": (None, 3), "b": [(2, 2, 2)]})
        {'a': 2, 'b': [3]}
    """
    if is_shape(structure):
        return function(tuple(structure))
    if not is_nested(structure):
        raise errors.value_error("Shape structure", expected="shapes: tuples of integers or None", received=structure)
    return _rebuild(structure, [map_shape_structure(function, child) for _, child in _items(structure)])
