"""`x`, `y` and `sample_weight` as the user nested them: their arrays, and how a batch of them is put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

from torch import Tensor

from kerastorch.base import errors, nested
from kerastorch.data.convert import Rows, place, to_rows


class Part:
    """One of `x`, `y`, `sample_weight`.

    Args:
        name: What errors call it.
        structure: An array, or a list, tuple or dict of arrays and Nones; None for a part that is not there.

    Raises:
        TypeError, ValueError: A leaf is no array of real numbers.

    Example:
        >>> import numpy as np
        >>> [name for name, rows in Part("x", {"a": np.zeros((4, 1)), "b": [np.zeros(4)]}).arrays()]
        ["`x['a']`", "`x['b'][0]`"]
    """

    def __init__(self, name: str, structure: Any) -> None:
        flat = nested.flatten_with_path(structure)
        self.name = name
        self.places = [place(name, path) for path, _ in flat]
        self.leaves = [leaf if leaf is None else to_rows(leaf, place(name, path)) for path, leaf in flat]
        self.is_leaf = not nested.is_nested(structure)
        self._pack = packer(structure)

    def arrays(self) -> list[tuple[str, Rows]]:
        """The arrays with their names, Nones left out."""
        return [(where, rows) for where, rows in zip(self.places, self.leaves, strict=True) if rows is not None]

    def replace(self, change: Callable[[Rows], Rows]) -> None:
        """Put `change(rows)` in the place of every array."""
        self.leaves = [None if rows is None else change(rows) for rows in self.leaves]

    def batches(self, split: Callable[[Rows], tuple[Tensor, ...]]) -> Iterable[Any]:
        """The batches of a block, each nested as the user's structure.

        Args:
            split: Gives the batches of one array.
        """
        splits = [repeat(None) if rows is None else split(rows) for rows in self.leaves]
        return splits[0] if self.is_leaf else map(self._pack, *splits)


def packer(structure: Any) -> Callable[..., Any]:
    """A function of the leaves (in `flatten` order) that nests them as `structure` is nested.

    Example:
        >>> packer({"b": 0, "a": 0})(1, 2)
        {'a': 1, 'b': 2}
    """
    paths = [path for path, _ in nested.flatten_with_path(structure)]
    flat = all(len(path) == 1 for path in paths)
    if flat and type(structure) is dict:
        keys = [path[0] for path in paths]
        return lambda *leaves: dict(zip(keys, leaves, strict=True))
    if flat and type(structure) in (list, tuple):
        kind = type(structure)
        return lambda *leaves: kind(leaves)
    return lambda *leaves: nested.pack_sequence_as(structure, leaves)


def count_samples(parts: Iterable[Part]) -> int:
    """The number of samples, the same in every array of every part.

    Raises:
        ValueError: The numbers differ, or there are no samples.
    """
    named = [(where, rows.shape[0]) for part in parts for where, rows in part.arrays()]
    if not named:
        raise errors.value_error("`x`", expected="an array or tensor", received=errors.Said("none"))
    first, count = named[0]
    for where, length in named[1:]:
        if length != count:
            raise errors.value_error(
                f"{where} against {first}",
                expected=f"the same number of samples, {count}",
                received=errors.Said(f"{length}"),
                remedy="All arrays need one entry for each sample; a list is taken for several arrays.",
            )
    if count == 0:
        raise errors.value_error(
            first,
            expected="at least one sample",
            received=errors.Said("none: it is empty"),
            remedy="Look at what loaded or filtered the data.",
        )
    return count
