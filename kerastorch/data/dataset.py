"""A `torch.utils.data.Dataset` as a source: batched by a DataLoader of our own, in an order that can be resumed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, Sampler, default_collate

from kerastorch.base import dtypes, errors, nested, policy
from kerastorch.data import order
from kerastorch.data.loader import LoaderSource


class EpochSampler(Sampler[int]):
    """Indices in an order that depends on (seed, epoch) only, from a cursor on.

    Args:
        samples: The number of samples.
        batch_size: Samples in a batch.
        shuffle: True, False or "batch".
        seed: With the epoch, all that the order depends on.

    Example:
        >>> sampler = EpochSampler(5, 2, shuffle=False, seed=0)
        >>> sampler.seek(epoch=0, start=1)
        >>> list(sampler)
        [2, 3, 4]
    """

    def __init__(self, samples: int, batch_size: int, *, shuffle: order.Shuffle, seed: int) -> None:
        self.samples, self.batch_size, self.shuffle, self.seed = samples, batch_size, shuffle, seed
        self.seek(0, 0)

    def seek(self, epoch: int, start: int) -> None:
        """Let the next iteration begin at batch `start` of an epoch."""
        self.epoch, self.start = epoch, start * self.batch_size

    def numbers(self, epoch: int, batch: int, length: int, steps: int | None) -> list[int]:
        """The indices of a batch.

        Args:
            epoch: The epoch, from 0.
            batch: The batch of it, from 0.
            length: Batches in a pass.
            steps: Batches in an epoch; None for a pass.
        """
        if steps is not None and steps <= length:
            epoch, batch = divmod(epoch * steps + batch, length)
        indices = order.permutation(self.samples, self.batch_size, self.shuffle, self.seed, epoch)
        rows = range(self.samples)[batch * self.batch_size : (batch + 1) * self.batch_size]
        return list(rows) if indices is None else indices[rows.start : rows.stop].tolist()

    def __iter__(self) -> Iterator[int]:
        indices = order.permutation(self.samples, self.batch_size, self.shuffle, self.seed, self.epoch)
        if indices is None:
            return iter(range(self.start, self.samples))
        return iter(indices[self.start :].tolist())

    def __len__(self) -> int:
        return self.samples


class DatasetSource(LoaderSource):
    """The samples of a dataset in batches.

    Map-style datasets are shuffled by (seed, epoch) and can be entered at any batch; iterable ones come as they
    are. Random numbers of the process are left alone.

    Args:
        dataset: A map-style or iterable dataset of samples.
        batch_size: Samples in a batch; the last may be shorter.
        shuffle: True, False or "batch"; iterable datasets are not shuffled.
        seed: With the epoch, all that the order depends on.
        device: Where batches shall be.
        steps: Batches in an epoch; default a pass over the data.

    Raises:
        ValueError: The dataset is empty.

    Example:
        >>> source = DatasetSource([1.0, 2.0, 3.0], batch_size=2)
        >>> [batch.x for batch in source.batches(epoch=0)]
        [tensor([1., 2.]), tensor([3.])]
    """

    def __init__(
        self,
        dataset: Any,
        *,
        batch_size: int,
        shuffle: order.Shuffle = False,
        seed: int = 0,
        device: torch.device | str = "cpu",
        steps: int | None = None,
    ) -> None:
        self.cursor: EpochSampler | None = None
        if not isinstance(dataset, IterableDataset):
            if len(dataset) == 0:
                raise errors.value_error("`x`, a Dataset", expected="at least one sample", received=dataset)
            self.cursor = EpochSampler(len(dataset), batch_size, shuffle=shuffle, seed=seed)
        self._random = order.generator(seed, 0)
        loader: DataLoader[Any] = DataLoader(
            dataset, batch_size=batch_size, sampler=self.cursor, collate_fn=collate, generator=self._random
        )
        super().__init__(loader, device=device, steps=steps, kind="Dataset")
        self.by_epoch = self.cursor is not None

    @property
    def _pass_batches(self) -> int | None:
        return None if self.cursor is None else math.ceil(self.cursor.samples / self.cursor.batch_size)

    def sample_numbers(self, epoch: int, batch: int) -> Sequence[int] | None:
        length = self._pass_batches
        return None if self.cursor is None or length is None else self.cursor.numbers(epoch, batch, length, self.steps)

    def _open(self, number: int, start: int) -> Iterator[Any]:
        if self.cursor is not None:
            self.cursor.seek(number, start)
            self._random.manual_seed(order.generator(self.cursor.seed, number).initial_seed())
        return iter(self.loader)

    def state_dict(self) -> dict[str, Any]:
        if self.cursor is None:
            return super().state_dict()
        return {"seed": self.cursor.seed, "samples": self.cursor.samples}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the seed of an earlier run over the same data.

        Raises:
            ValueError: The number of samples differs.
        """
        if self.cursor is None:
            super().load_state_dict(state)
            return
        if state["samples"] != self.cursor.samples:
            raise errors.value_error(
                "Resuming: the data have changed", expected=f"{state['samples']} samples", received=self.cursor.samples
            )
        self._close_pass()
        self.cursor.seed = int(state["seed"])


def collate(samples: list[Any]) -> Any:
    """A batch of samples as `default_collate` makes it, with NumPy's and Python's floats as floatx.

    Example:
        >>> collate([(1.0, 2), (3.0, 4)])
        [tensor([1., 3.]), tensor([2, 4])]
    """
    floatx = dtypes.torch_dtype(policy.floatx())
    batch, first = default_collate(samples), nested.flatten(samples[0])
    leaves = [
        leaf.to(floatx) if leaf.is_floating_point() and not isinstance(was, Tensor) else leaf
        for leaf, was in zip(nested.flatten(batch), first, strict=True)
    ]
    return nested.pack_sequence_as(batch, leaves)
