"""A `torch.utils.data.DataLoader` (or what looks like one) as a source: its batches, its order, its workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import IterableDataset, SequentialSampler

from kerastorch.base import errors
from kerastorch.data.blame import telling
from kerastorch.data.stream import StreamSource


class LoaderSource(StreamSource):
    """The batches of a DataLoader, as it makes them.

    Nothing is reshuffled; tensors keep their dtypes and are moved without waiting where they are pinned. Samplers
    that have `set_epoch` are told the epoch. A loader with `state_dict` (torchdata's StatefulDataLoader) can be
    resumed without fetching anything again.

    Args:
        loader: The DataLoader.
        device: Where batches shall be.
        steps: Batches in an epoch; default all of the loader's.

    Example:
        >>> loader = torch.utils.data.DataLoader(torch.arange(5.0), batch_size=2)
        >>> [batch.size for batch in LoaderSource(loader, device="cpu").batches(epoch=0)]
        [2, 2, 1]
    """

    ordered_by_seed = False  # or by torch's random numbers

    def __init__(
        self, loader: Any, *, device: torch.device | str = "cpu", steps: int | None = None, kind: str = "DataLoader"
    ) -> None:
        super().__init__(kind, device=device, steps=steps)
        self.loader = loader
        self._samplers = [s for s in _samplers(loader) if callable(getattr(s, "set_epoch", None))]
        self.by_epoch = bool(self._samplers)
        holders = (loader, getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None))
        found = (getattr(holder, "generator", None) for holder in holders)
        self._generators = list({id(g): g for g in found if isinstance(g, torch.Generator)}.values())
        self._goes_on = False
        self.batch_size = getattr(loader, "batch_size", None)
        length = length_of(loader)
        self.num_batches = length if steps is None or length is None else min(steps, length)
        if length is None:
            self.num_batches = steps
        self.num_samples = _count_samples(loader)

    def _open(self, number: int, start: int) -> Iterator[Any]:
        for sampler in self._samplers:
            sampler.set_epoch(number)
        with telling(self.loader):
            return iter(self.loader)

    def _end_items(self, items: Iterator[Any]) -> None:
        dead = self._fate() != ""
        if dead or not getattr(self.loader, "persistent_workers", False):
            end_workers(items)
        if dead and getattr(self.loader, "_iterator", None) is items:
            self.loader._iterator = None  # persistent workers: the next pass starts new ones

    def state_dict(self) -> dict[str, Any]:
        own = {"loader": self.loader.state_dict()} if _keeps_state(self.loader) and self._items is not None else {}
        return {**super().state_dict(), **own}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        other = ("seed" in state) != self.ordered_by_seed
        if other and state["open"] and state["taken"] and self._shuffles():
            raise errors.value_error(
                "`x`, a DataLoader that shuffles, in the middle of an epoch",
                expected="one device where there was one before, several where there were several",
                received=errors.Said("the other; one draws the order from torch's random numbers, several from a seed"),
                remedy="Go on with as many devices, or from the end of an epoch; or give the dataset itself and "
                "`batch_size`: its order is the same for any number of devices.",
            )
        super().load_state_dict(state)

    def _shuffles(self) -> bool:
        return not isinstance(getattr(self.loader, "sampler", None), SequentialSampler)

    def _skip(self, count: int) -> None:
        if not self._goes_on:
            super()._skip(count)
            return
        self._goes_on = False  # the loader itself goes on where it was
        self._at = (self._at[0], self._at[1] + count)

    def _replayed(self) -> bool:
        state = self._replay
        if state is not None and "loader" in state:
            self._close_pass()
            self.loader.load_state_dict(state["loader"])
            self._goes_on = True
        return super()._replayed()


def _keeps_state(loader: Any) -> bool:
    return callable(getattr(loader, "state_dict", None)) and callable(getattr(loader, "load_state_dict", None))


def end_workers(items: Iterator[Any]) -> None:
    """End the processes behind a DataLoader's iterator now, even if a traceback still holds it."""
    shutdown = getattr(items, "_shutdown_workers", None)
    if shutdown is not None:
        shutdown()


def length_of(iterable: Any) -> int | None:
    """`len(iterable)`, or None where it does not know.

    Example:
        >>> length_of([1, 2]), length_of(iter([1, 2]))
        (2, None)
    """
    try:
        return len(iterable)
    except (TypeError, NotImplementedError):
        return None


def _samplers(loader: Any) -> list[Any]:
    batch_sampler = getattr(loader, "batch_sampler", None)
    found = [getattr(loader, "sampler", None), batch_sampler, getattr(batch_sampler, "sampler", None)]
    return list({id(s): s for s in found if s is not None}.values())


def _count_samples(loader: Any) -> int | None:
    if isinstance(getattr(loader, "dataset", None), IterableDataset) or getattr(loader, "drop_last", True):
        return None
    return length_of(loader.sampler) if getattr(loader, "batch_size", None) else None
