"""A source for one rank of several: its rows of every batch. Together the ranks see each sample once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, IterableDataset, RandomSampler, SequentialSampler

from kerastorch.base import errors, nested
from kerastorch.data.batch import Batch
from kerastorch.data.dataset import EpochSampler
from kerastorch.data.loader import LoaderSource
from kerastorch.data.share import Share
from kerastorch.data.source import DataSource

# What a DataLoader is told again when its sampler is replaced.
KEPT = (
    "num_workers", "collate_fn", "pin_memory", "timeout", "worker_init_fn", "multiprocessing_context",
    "prefetch_factor", "persistent_workers",
)  # fmt: skip


def check_divisible(batch_size: int | None, ranks: int) -> None:
    """Refuse a batch that the ranks cannot share evenly in training.

    Raises:
        ValueError: They cannot.
    """
    if batch_size is not None and batch_size % ranks:
        fits = max(batch_size // ranks, 1) * ranks
        raise errors.value_error(
            "`batch_size` of fit, which counts the samples of all devices together",
            expected=f"a multiple of the {ranks} devices",
            received=batch_size,
            remedy=f"Use batch_size={fits} ({fits // ranks} samples a device).",
        )


def shard(source: DataSource, part: tuple[int, int], seed: int) -> DataSource:
    """A rank's part of a source that knows nothing of ranks.

    A DataLoader over a map-style dataset loads only the rank's samples; of anything else every rank reads all batches,
    which must be the same on all, and keeps its rows.

    Args:
        source: The source.
        part: (rank, ranks).
        seed: With the epoch, all that the order of a shuffling loader depends on; the same on all ranks.

    Raises:
        ValueError: A DataLoader has a sampler of its own.
    """
    if part[1] == 1:
        return source
    if isinstance(source, LoaderSource) and _picks_samples(source.loader):
        return LoaderShard(source, part, seed)
    return Slices(source, part)


def check_loader(source: DataSource) -> None:
    """Refuse, before any rank is started, a DataLoader that `shard` would refuse.

    Raises:
        ValueError: It has a sampler of its own.
    """
    if isinstance(source, LoaderSource) and _picks_samples(source.loader):
        _cursor(source.loader, 0)


def _picks_samples(loader: Any) -> bool:
    map_style = isinstance(loader, DataLoader) and not isinstance(loader.dataset, IterableDataset)
    return map_style and loader.batch_sampler is not None


class Slices(DataSource):
    """Reads every batch and gives the rank's rows.

    Args:
        source: Gives the same batches on all ranks.
        part: (rank, ranks).

    Example:
        >>> import torch
        >>> from kerastorch.data.generator import GeneratorSource
        >>> source = GeneratorSource([torch.arange(5.0)])
        >>> [b.x.tolist() for b in Slices(source, (1, 2)).batches(0)]
        [[2.0, 3.0, 4.0]]
    """

    def __init__(self, source: DataSource, part: tuple[int, int]) -> None:
        self.source, self.part = source, part
        self.num_batches, self.num_samples = source.num_batches, source.num_samples
        self.batch_size, self.promised = source.batch_size, source.promised

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        return map(self._own, self.source.batches(epoch, start))

    def peek(self, epoch: int = 0) -> Batch:
        return self._own(self.source.peek(epoch))

    def _own(self, batch: Batch) -> Batch:
        share = Share.of(batch.size, *self.part)

        def rows(leaf: Any) -> Any:
            return leaf[share.low : share.high] if isinstance(leaf, Tensor) else leaf

        x, y, weights = (nested.map_structure(rows, part) for part in (batch.x, batch.y, batch.sample_weight))
        return Batch(x, y, weights, share.size, batch.size, share.factor)

    def sample_numbers(self, epoch: int, batch: int) -> Sequence[int] | None:
        numbers = self.source.sample_numbers(epoch, batch)
        share = None if numbers is None else Share.of(len(numbers), *self.part)
        return None if numbers is None or share is None else numbers[share.low : share.high]

    def state_dict(self) -> dict[str, Any]:
        return self.source.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.source.load_state_dict(state)

    def close(self) -> None:
        self.source.close()


class _OwnSamples(BatchSampler):
    """Gives the rank's samples of each batch of another batch sampler, and notes how many all have."""

    def __init__(self, batches: BatchSampler, part: tuple[int, int]) -> None:
        self.batches, self.part = batches, part
        self.batch_size, self.drop_last, self.sampler = batches.batch_size, batches.drop_last, batches.sampler
        self.totals: deque[int] = deque()

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.batches:
            share = Share.of(len(batch), *self.part)
            self.totals.append(len(batch))
            yield batch[share.low : share.high]

    def __len__(self) -> int:
        return len(self.batches)


class LoaderShard(LoaderSource):
    """The rank's samples of each batch of a DataLoader, loaded by a DataLoader of our own.

    Args:
        source: The loader's source.
        part: (rank, ranks).
        seed: With the epoch, all that the order depends on, where the loader shuffles.

    Raises:
        ValueError: The loader has a sampler or a batch sampler of its own.
    """

    ordered_by_seed = True

    def __init__(self, source: LoaderSource, part: tuple[int, int], seed: int) -> None:
        loader = source.loader
        self.part, self.total = part, 0
        self.cursor = _cursor(loader, seed)
        self.samples = _OwnSamples(BatchSampler(self.cursor, loader.batch_size, loader.drop_last), part)
        kept = {name: getattr(loader, name) for name in KEPT}
        made: DataLoader[Any] = DataLoader(loader.dataset, batch_sampler=self.samples, **kept)
        super().__init__(made, device=source.device, steps=source.steps, kind=source.kind)
        self.batch_size, self.num_samples = source.batch_size, source.num_samples
        self.promised, self.by_epoch = source.promised, True

    @property
    def _pass_batches(self) -> int | None:
        return None if self.loader.num_workers else len(self.samples)  # workers have random numbers of their own

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "seed": self.cursor.seed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._close_pass()
        self.cursor.seed = int(state.get("seed", self.cursor.seed))
        super().load_state_dict(state)

    def _shuffles(self) -> bool:
        return bool(self.cursor.shuffle)

    def sample_numbers(self, epoch: int, batch: int) -> Sequence[int] | None:
        numbers = self.cursor.numbers(epoch, batch, len(self.samples), self.steps)
        share = Share.of(len(numbers), *self.part)
        return numbers[share.low : share.high]

    def _open(self, number: int, start: int) -> Iterator[Any]:
        self.cursor.seek(number, start)
        self.samples.totals.clear()
        return super()._open(number, start)

    def _next(self, number: int) -> Any:
        peeked, item = self._head is not None, super()._next(number)
        if self.samples.totals and not peeked:
            self.total = self.samples.totals.popleft()
        return item

    def _ready(self, item: Any, number: int) -> Batch:
        if isinstance(item, Batch):  # it was peeked
            return item
        batch = super()._ready(item, number)
        share = Share.of(self.total, *self.part)
        return Batch(batch.x, batch.y, batch.sample_weight, share.size, self.total, share.factor)


def _cursor(loader: Any, seed: int) -> EpochSampler:
    """The loader's order as a function of (seed, epoch)."""
    sampler = loader.sampler
    if isinstance(sampler, EpochSampler):
        return sampler
    plain = type(loader.batch_sampler) is BatchSampler
    random = type(sampler) is RandomSampler and not sampler.replacement and sampler.num_samples == len(loader.dataset)
    if not plain or not (random or type(sampler) is SequentialSampler):
        raise errors.value_error(
            "`x`, a DataLoader, on several devices",
            expected="one that goes through its dataset in order, or with `shuffle=True`",
            received=errors.Said(f"one with a {type(sampler if plain else loader.batch_sampler).__name__} of its own"),
            remedy="Leave the sampler out: each device takes its samples of every batch by itself.",
        )
    return EpochSampler(len(loader.dataset), loader.batch_size, shuffle=random, seed=seed)
