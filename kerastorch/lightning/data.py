"""Where a Trainer's batches come from: whatever a loader yields goes whole to the step."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, DistributedSampler, IterableDataset, RandomSampler, SequentialSampler

from kerastorch.base import errors, nested
from kerastorch.data.batch import Batch
from kerastorch.data.loader import LoaderSource, length_of
from kerastorch.data.shard import KEPT
from kerastorch.lightning.combined_loader import Batches, CombinedLoader
from kerastorch.lightning.hooks import DataHooks, overridden
from kerastorch.lightning.moving import apply, move
from kerastorch.runtime.plan import Plan

Limit = int | float


class Item(Batch):
    """A batch as the loader gave it, on the device.

    Args:
        x: The batch.
        index: Its number in the epoch, or in its dataloader.
        last: Whether it is the last of them.
        loader: The number of its dataloader.
        rest: Gives the batches, to a step that fetches them by itself.
    """

    __slots__ = ("index", "last", "loader", "rest")

    def __init__(self, x: Any, index: int, last: bool, loader: int = 0, rest: Rest | None = None) -> None:
        super().__init__(x)
        self.index, self.last, self.loader, self.rest = index, last, loader, rest


class Rest(Iterator[Any]):
    """What a step gets that takes `dataloader_iter`: each item is (batch, its number, the dataloader's number).

    Args:
        batches: The batches as the loader gives them.
        start: The number of the first.
        count: How many there are; None where only the end will tell, which is looked for one batch ahead.
        loader: The number of the dataloader.

    Attributes:
        batch: The batch that was fetched last.
        fetched: The number of the next one.
    """

    def __init__(self, batches: Iterator[Any], start: int, count: int | None, loader: int) -> None:
        self.batches, self.fetched, self.count, self.loader = batches, start, count, loader
        self.batch: Any = None
        self.record: Any = None  # counts the rows of the batch that was fetched last
        self.ahead = next(batches, None) if count is None else None

    @property
    def done(self) -> bool:
        """Whether there are no more."""
        return self.ahead is None if self.count is None else self.fetched >= self.count

    def __next__(self) -> tuple[Any, int, int]:
        if self.done:
            raise StopIteration
        batch: Any = self.ahead
        if self.count is None:
            self.ahead = next(self.batches, None)
        else:
            batch = next(self.batches)
        self.batch, number = batch.x, self.fetched
        self.fetched += 1
        if self.record is not None:
            self.record.batch, self.record.rows = self.batch, None
        return self.batch, number, self.loader

    def hand(self, step: Callable[[Any], Any], item: Item, record: Any) -> Any:
        """What a step returns that gets this; None where it wants more than there is. `item` takes on its batch."""
        before, result, self.record = self.fetched, None, record
        try:
            result = step(self)
        except StopIteration:
            self.fetched = max(self.fetched, before + 1)
        item.x, item.last = self.batch, self.done
        return result


class Transfer:
    """Brings batches to the device, through the hooks that a module or datamodule overrides.

    Args:
        owners: The datamodule, if any, and the module.
        plan: Where to, and in which numbers.
    """

    def __init__(self, owners: Sequence[Any], plan: Plan) -> None:
        def own(name: str) -> Any:
            return next((hook for owner in owners if (hook := overridden(owner, name, DataHooks)) is not None), None)

        self.before, self.own, self.after = map(
            own, ("on_before_batch_transfer", "transfer_batch_to_device", "on_after_batch_transfer")
        )
        self.plan, self.device = plan, plan.device
        self.converts = plan.precision.name in ("64", "bf16-true", "16-true")

    def __call__(self, batch: Any, loader: int) -> Any:
        """The batch on the device."""
        if self.converts:
            batch = apply(batch, self._convert)
        if self.before is not None:
            batch = self.before(batch, loader)
        if self.own is not None:
            batch = self.own(batch, self.device, loader)
        elif self.device.type != "cpu":
            batch = move(batch, self.device)
        return batch if self.after is None else self.after(batch, loader)

    def _convert(self, leaf: Any) -> Any:
        return self.plan.precision.inputs(leaf) if isinstance(leaf, torch.Tensor) else leaf


class Loader(LoaderSource):
    """The batches of one dataloader.

    Args:
        loader: A DataLoader, or anything that can be iterated again and again.
        transfer: Brings batches to the device.
        limit: Batches in an epoch: a number, or a fraction of them.
        number: The number of the dataloader.
        name: What errors call it, and the limit.
        hands: Whether the step fetches the batches by itself.
        fetch: `next`, perhaps measured.

    Attributes:
        ended: Whether the rest of the epoch is left out.
    """

    def __init__(
        self,
        loader: Any,
        transfer: Callable[[Any, int], Any],
        limit: Limit,
        number: int,
        name: str,
        hands: bool = False,
        fetch: Callable[..., Any] = next,
    ) -> None:
        super().__init__(loader, steps=None, kind=f"{name}_dataloader")
        self.transfer, self.number = transfer, number
        self.num_batches = limited(length_of(loader), limit, name)
        self.ended, self.hands, self.fetch = False, hands, fetch

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        if self.num_batches is not None and start >= self.num_batches:
            self._replayed()  # a run that was cut after the last batch
        return (self._handed if self.hands else self._until)(super().batches(epoch, start), start)

    def _handed(self, batches: Iterator[Any], start: int) -> Iterator[Batch]:
        self.ended, rest = False, Rest(batches, start, self.num_batches, self.number)
        index = start
        while not (rest.done or self.ended):
            yield Item(rest.batch, index, rest.count is not None and rest.fetched + 1 >= rest.count, self.number, rest)
            index += 1
        self._close_pass()

    def _until(self, batches: Iterator[Any], start: int) -> Iterator[Batch]:
        """The batches up to the limit, each knowing whether it is the last; only an unknown length is looked ahead."""
        self.ended, count = False, self.num_batches
        if count is not None:
            for index in range(start, count):
                batch = self.fetch(batches, None)
                if batch is None or self.ended:
                    return
                yield Item(self.transfer(batch.x, self.number), index, index + 1 == count, self.number)
            self._close_pass()  # the next epoch begins anew
            return
        index, ahead = start, self.fetch(batches, None)
        while ahead is not None and not self.ended:
            batch, ahead = ahead, self.fetch(batches, None)
            yield Item(self.transfer(batch.x, self.number), index, ahead is None, self.number)
            index += 1

    def _ready(self, item: Any, number: int) -> Batch:
        return Batch(item)

    def _check_count(self, number: int) -> None:
        """An empty loader is no error."""


def limited(length: int | None, limit: Limit, name: str) -> int | None:
    """How many batches a limit means.

    Args:
        length: The batches that there are; None where that is unknown.
        limit: A number of batches, or a fraction of them.
        name: "train", "val", "test" or "predict".

    Raises:
        ValueError: A fraction of an unknown number, or of none.

    Example:
        >>> limited(10, 0.5, "train"), limited(10, 3, "train"), limited(None, 1.0, "train")
        (5, 3, None)
    """
    if length is None:
        if isinstance(limit, int):
            return limit
        if limit == 1.0:
            return None
        raise errors.value_error(
            f"`limit_{name}_batches`, for data of unknown length",
            expected="1.0 or a number of batches",
            received=limit,
        )
    if isinstance(limit, int):
        return min(length, limit)
    count = int(length * limit)
    if count == 0 < length and limit > 0:
        raise errors.value_error(
            f"`limit_{name}_batches`",
            expected=f"at least one of the {length} batches",
            received=limit,
            remedy=f"Use {math.ceil(100 / length) / 100} or a number of batches.",
        )
    return count


def shared(loader: Any, part: tuple[int, int], shuffles: bool) -> Any:
    """A rank's part of a DataLoader: the loader again, with a sampler that takes every so-manyth sample.

    Args:
        loader: The loader; `batch_size` is that of one rank.
        part: (rank, ranks).
        shuffles: Whether a new order each epoch is wanted, where the loader shuffles.

    Returns:
        The loader itself, where there is one rank, or where it has a sampler of its own.
    """
    plain = isinstance(loader, DataLoader) and not isinstance(loader.dataset, IterableDataset)
    if part[1] == 1 or not plain or not isinstance(loader.sampler, (RandomSampler, SequentialSampler)):
        return loader
    shuffles = shuffles and isinstance(loader.sampler, RandomSampler)
    seed = int(os.environ.get("PL_GLOBAL_SEED", "0"))  # of `seed_everything`: the same on all ranks
    sampler: Any = DistributedSampler(loader.dataset, part[1], part[0], shuffle=shuffles, seed=seed)
    kept = {name: getattr(loader, name) for name in KEPT}
    return DataLoader(loader.dataset, batch_size=loader.batch_size, drop_last=loader.drop_last, sampler=sampler, **kept)


def as_list(loaders: Any) -> list[Any]:
    """The dataloaders of an evaluation: one, or several to be gone through one after the other.

    Example:
        >>> as_list([[1], [2]]), as_list("ab")
        ([[1], [2]], ['ab'])
    """
    if loaders is None:
        return []
    if isinstance(loaders, CombinedLoader):
        return loaders.flattened if loaders.mode == "sequential" else [Batches(loaders)]
    if isinstance(loaders, Mapping):
        return list(loaders.values())
    return list(loaders) if isinstance(loaders, (list, tuple)) else [loaders]


def together(loaders: Any) -> Any:
    """What training goes through: one loader as it is, several read together."""
    if isinstance(loaders, (Mapping, list, tuple)):
        loaders = CombinedLoader(loaders, "max_size_cycle")
    return Batches(loaders) if isinstance(loaders, CombinedLoader) else loaders


def each(loaders: Any, change: Callable[[Any], Any]) -> Any:
    """One loader or several with a change to each.

    Example:
        >>> each({"a": range(3), "b": range(2)}, len)
        {'a': 3, 'b': 2}
    """
    if isinstance(loaders, CombinedLoader):
        return CombinedLoader(each(loaders.iterables, change), loaders.mode)
    return nested.map_structure(change, loaders)


def unshuffled(loader: Any) -> Any:
    """The loader again, in the order of its dataset: for `overfit_batches`."""
    if not isinstance(loader, DataLoader) or not isinstance(loader.sampler, RandomSampler):
        return loader
    kept = {name: getattr(loader, name) for name in KEPT}
    return DataLoader(loader.dataset, batch_size=loader.batch_size, drop_last=loader.drop_last, **kept)
