"""Arrays and tensors as a source: gathered in blocks of many batches, handed out as views of the blocks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.data import order
from kerastorch.data.batch import Batch
from kerastorch.data.convert import Rows
from kerastorch.data.parts import Part, count_samples
from kerastorch.data.share import Share
from kerastorch.data.source import DataSource, promise, ran_out

BLOCK_BYTES = 1 << 20  # on the host: stays in cache, and malloc hands the same pages out again (2 MiB: twice slower)
DEVICE_BLOCK_BYTES = 64 << 20  # on an accelerator: few launches
BLOCK_BATCHES = 256  # bounds the number of views made at a time
RESIDENT_SHARE = 0.4  # of an accelerator's free memory may be taken by the arrays as a whole


class ArraySource(DataSource):
    """Batches of NumPy arrays, memory maps, tensors and pandas objects, nested in any way.

    The order is a function of (seed, epoch). With `steps` below the batches of a pass, an epoch goes on where the
    last one stopped and passes follow each other without a gap.

    Args:
        x: Inputs: an array of shape (samples, ...), or a list, tuple or dict of them.
        y: Targets, or None.
        sample_weight: Weights, or None.
        batch_size: Samples in a batch; the last batch of a pass may be shorter.
        shuffle: True, False, or "batch" for a new order of whole batches.
        seed: With the epoch, all that the order depends on.
        device: Where batches shall be. Arrays that fit are moved there once, as a whole.
        steps: Batches in an epoch; default a pass over the data.
        part: (rank, ranks): whose rows of each batch to give.

    Raises:
        TypeError: Something is no array.
        ValueError: Lengths differ, there is no sample, or an array holds no real numbers.

    Example:
        >>> source = ArraySource(torch.arange(5), None, None, batch_size=2, shuffle=False, seed=0, device="cpu")
        >>> [batch.x.tolist() for batch in source.batches(epoch=0, start=1)]
        [[2, 3], [4]]
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        batch_size: int,
        shuffle: order.Shuffle = False,
        seed: int = 0,
        device: torch.device | str = "cpu",
        steps: int | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.parts = (Part("x", x), Part("y", y), Part("sample_weight", sample_weight))
        self.num_samples: int = count_samples(self.parts)
        self.batch_size: int = batch_size
        self.shuffle, self.seed, self.promised = shuffle, seed, promise(steps)
        self.device, self.part = torch.device(device), part
        self.pass_batches = math.ceil(self.num_samples / batch_size)
        self.num_batches: int = min(steps or self.pass_batches, self.pass_batches)
        self._order: tuple[int, Tensor | None] | None = None
        self._warned = False
        resident = self.device.type == "cpu" or self._size() < RESIDENT_SHARE * free_memory(self.device)
        self._place = self.device if resident else torch.device("cpu")
        for held in self.parts:
            held.replace(self._placed)
        self._block_batches = self._batches_in_a_block()

    def arrays(self) -> list[tuple[str, Rows]]:
        """All arrays by name ("`x`", "`y['a']`"), for checks."""
        return [named for part in self.parts for named in part.arrays()]

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        return chain.from_iterable(self._blocks(epoch, start))

    def peek(self, epoch: int = 0) -> Batch:
        del epoch
        return next(iter(self._block(None, 0, min(self.batch_size, self.num_samples))))

    def sample_numbers(self, epoch: int, batch: int) -> Sequence[int]:
        number, index = divmod(epoch * self.num_batches + batch, self.pass_batches)
        start = index * self.batch_size
        share = Share.of(min(self.batch_size, self.num_samples - start), *self.part)
        order_of_pass = self._indices(number)
        rows = range(start + share.low, start + share.high)
        return rows if order_of_pass is None else order_of_pass[rows.start : rows.stop].tolist()

    def state_dict(self) -> dict[str, Any]:
        return {"seed": self.seed, "shuffle": self.shuffle, "samples": self.num_samples, "batch_size": self.batch_size}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the seed of an earlier run over the same data.

        Raises:
            ValueError: The number of samples, the batch size or the kind of shuffling differs.
        """
        mine = self.state_dict()
        for key in ("samples", "batch_size", "shuffle"):
            if state[key] != mine[key]:
                raise errors.value_error(
                    "Resuming: the data have changed", expected=f"{key} {state[key]!r}", received=mine[key]
                )
        self.seed, self._order = int(state["seed"]), None

    def close(self) -> None:
        self._order = None

    def _blocks(self, epoch: int, start: int) -> Iterator[Iterable[Batch]]:
        for number, first, last in self._spans(epoch, start):
            indices = self._indices(number)
            for block in range(first, last, self._block_batches):
                stop = min(block + self._block_batches, last) * self.batch_size
                yield self._block(indices, block * self.batch_size, min(stop, self.num_samples))
        if self.promised is not None and self.promised > self.num_batches and not self._warned:
            self._warned = True
            warnings.warn(ran_out(self.num_batches, self.promised), stacklevel=2)

    def _spans(self, epoch: int, start: int) -> Iterator[tuple[int, int, int]]:
        """The passes an epoch touches: (number of the pass, first batch, batch after the last)."""
        position, end = epoch * self.num_batches + start, (epoch + 1) * self.num_batches
        while position < end:
            number, first = divmod(position, self.pass_batches)
            last = min(self.pass_batches, first + end - position)
            yield number, first, last
            position += last - first

    def _indices(self, number: int) -> Tensor | None:
        if self._order is None or self._order[0] != number:
            indices = order.permutation(self.num_samples, self.batch_size, self.shuffle, self.seed, number)
            self._order = (number, None if indices is None else indices.to(self._place, non_blocking=True))
        return self._order[1]

    def _block(self, indices: Tensor | None, start: int, stop: int) -> Iterable[Batch]:
        """The batches of the samples `start` to `stop` of an order."""
        if self.part[1] > 1:
            return self._own_rows(indices, start, stop)
        index = None if indices is None else indices[start:stop]

        def split(rows: Rows) -> tuple[Tensor, ...]:
            block = rows.slice(start, stop) if index is None else rows.take(index)
            # unsafe_split: the batches are independent tensors to autograd, not views of one another
            return torch.unsafe_split(self._to_device(block), self.batch_size)

        x, y, sample_weight = (part.batches(split) for part in self.parts)
        whole, rest = divmod(stop - start, self.batch_size)
        sizes = chain(repeat(self.batch_size, whole), (rest,) if rest else ())
        return map(Batch, x, y, sample_weight, sizes)

    def _own_rows(self, indices: Tensor | None, start: int, stop: int) -> Iterator[Batch]:
        """This rank's rows of these batches."""
        whole, rest = divmod(stop - start, self.batch_size)
        for first, count, size in ((start, whole, self.batch_size), (stop - rest, 1, rest)):
            if not (count and size):
                continue
            share = Share.of(size, *self.part)
            starts = torch.arange(first, first + count * size, size, device=self._place).unsqueeze(1)
            rows = (starts + torch.arange(share.low, share.high, device=self._place)).flatten()
            index = rows if indices is None else indices[rows]

            def split(rows: Rows, index: Tensor = index, length: int = share.high - share.low) -> tuple[Tensor, ...]:
                return torch.unsafe_split(self._to_device(rows.take(index)), length)

            parts = (part.batches(split) for part in self.parts)
            yield from map(Batch, *parts, *(repeat(v, count) for v in (share.size, size, share.factor)))

    def _to_device(self, block: Tensor) -> Tensor:
        if self._place == self.device:
            return block
        pinned = block.pin_memory() if self.device.type == "cuda" else block
        return pinned.to(self.device, non_blocking=True)

    def _placed(self, rows: Rows) -> Rows:
        place, device = self._place, rows.device
        here = device.type == place.type and place.index in (None, device.index)
        return rows if here else rows.moved(place)

    def _size(self) -> int:
        return sum(rows.shape[0] * rows.row_bytes for _, rows in self.arrays())

    def _batches_in_a_block(self) -> int:
        in_order = self.shuffle is False and self.part[1] == 1 and self._place == self.device
        if in_order and all(rows.views for _, rows in self.arrays()):
            return BLOCK_BATCHES  # nothing is gathered: a block takes no memory
        budget = BLOCK_BYTES if self._place.type == "cpu" and self.device.type == "cpu" else DEVICE_BLOCK_BYTES
        batch_bytes = max(1, sum(rows.row_bytes for _, rows in self.arrays()) * self.batch_size)
        return max(1, min(BLOCK_BATCHES, budget // batch_bytes))


def free_memory(device: torch.device) -> int:
    """The free memory of an accelerator in bytes; 0 where it cannot be asked."""
    ask = getattr(torch.get_device_module(device), "mem_get_info", None)
    return int(ask(device)[0]) if ask is not None else 0
