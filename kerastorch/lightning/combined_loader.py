"""`CombinedLoader`: several dataloaders that are read as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from kerastorch.base import errors, nested
from kerastorch.data.loader import length_of


class CombinedLoader:
    """Several dataloaders as one; each batch has the structure in which they were given.

    Args:
        iterables: The dataloaders, nested in dicts, lists or tuples.
        mode: "min_size" ends with the shortest, "max_size" with the longest (None stands for a batch of one that has
            ended), so does "max_size_cycle" (one that has ended begins again); "sequential" goes through one after
            the other.

    Raises:
        ValueError: There is no such mode.

    Example:
        >>> loader = CombinedLoader({"a": range(3), "b": range(10, 12)}, "max_size_cycle")
        >>> len(loader), [batch for batch, batch_idx, dataloader_idx in loader]
        (3, [{'a': 0, 'b': 10}, {'a': 1, 'b': 11}, {'a': 2, 'b': 10}])
    """

    def __init__(self, iterables: Any, mode: str = "min_size") -> None:
        if mode not in MODES:
            raise errors.unknown_name("`mode` of CombinedLoader", mode, MODES)
        self.iterables, self.mode = iterables, mode

    @property
    def flattened(self) -> list[Any]:
        """The dataloaders in a list."""
        return list(nested.flatten(self.iterables))

    def __len__(self) -> int:
        lengths = [length_of(one) for one in self.flattened]
        known = [n for n in lengths if n is not None]
        if len(known) < len(lengths):
            raise TypeError("a loader among them has no length")
        if self.mode == "sequential":
            return sum(known)
        return min(known) if self.mode == "min_size" else max(known)

    def __iter__(self) -> Iterator[tuple[Any, int, int]]:
        if self.mode == "sequential":
            for number, loader in enumerate(self.flattened):
                yield from ((batch, index, number) for index, batch in enumerate(loader))
        else:
            for index, batches in enumerate(MODES[self.mode](self.flattened)):
                yield nested.pack_sequence_as(self.iterables, list(batches)), index, 0


class Batches:
    """What a Trainer goes through of a `CombinedLoader`: its batches alone.

    Args:
        loader: The `CombinedLoader`.
    """

    def __init__(self, loader: CombinedLoader) -> None:
        self.loader, self.sampler = loader, self

    def set_epoch(self, epoch: int) -> None:
        """Tell the samplers of all dataloaders the epoch."""
        for one in self.loader.flattened:
            tell = getattr(getattr(one, "sampler", None), "set_epoch", None)
            if tell is not None:
                tell(epoch)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        return (batch for batch, _, _ in self.loader)


_END = object()


def _cycled(loaders: Sequence[Iterable[Any]]) -> Iterator[list[Any]]:
    passes, over = [iter(one) for one in loaders], [False] * len(loaders)
    while True:
        batches = []
        for i, one in enumerate(loaders):
            item = next(passes[i], _END)
            if item is _END:
                over[i] = True
                if all(over):
                    return
                passes[i] = iter(one)
                item = next(passes[i])
            batches.append(item)
        yield batches


# mode -> how the loaders are read together
MODES: dict[str, Any] = {
    "min_size": lambda loaders: zip(*loaders, strict=False),
    "max_size": lambda loaders: zip_longest(*loaders),
    "max_size_cycle": _cycled,
    "sequential": None,
}
