"""`keras.utils.PyDataset`: batches by number, made by threads or processes; and its source."""

from __future__ import annotations

import functools
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from kerastorch.base import dtypes, nested, policy
from kerastorch.data import order
from kerastorch.data.batch import Batch
from kerastorch.data.blame import Telling
from kerastorch.data.convert import to_tensor
from kerastorch.data.loader import end_workers
from kerastorch.data.stream import StreamSource


class PyDataset:
    """Batches by number: subclass it, write `__len__` (batches) and `__getitem__` (one whole batch).

    Args:
        workers: How many threads or processes `fit` uses to make batches.
        use_multiprocessing: Processes instead of threads; the dataset must then be picklable.
        max_queue_size: How many batches are made ahead.

    Example:
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         return torch.full((2, 1), float(index)), torch.full((2, 1), float(index**2))
        >>> [float(y[0]) for x, y in Squares()]
        [0.0, 1.0, 4.0]
    """

    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Batch `index`: x, (x,), (x, y) or (x, y, sample_weight)."""
        raise NotImplementedError(f"{type(self).__name__} needs `__getitem__(index)`, which returns batch `index`.")

    @property
    def num_batches(self) -> int | None:
        """The number of batches: `len(self)`, or None (when overridden) for endless data."""
        if not hasattr(self, "__len__"):
            raise NotImplementedError(f"{type(self).__name__} needs `__len__` or a property `num_batches`.")
        return len(self)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in _numbers(self.num_batches))

    def on_epoch_begin(self) -> None:
        """Called before every epoch."""

    def on_epoch_end(self) -> None:
        """Called after every epoch."""


def _numbers(count: int | None) -> Iterable[int]:
    return itertools.count() if count is None else range(count)


class PyDatasetSource(StreamSource):
    """The batches of a PyDataset, in order or in an order of (seed, epoch), made ahead by its workers.

    Args:
        dataset: The PyDataset.
        shuffle: Whether the batches come in a new order in each pass (endless data never do).
        seed: With the epoch, all that the order depends on.
        device: Where batches shall be.
        steps: Batches in an epoch; default a pass.
        transform: Applied to every batch on the host (class weights).

    Example:
        >>> class Two(PyDataset):
        ...     def __len__(self):
        ...         return 2
        ...     def __getitem__(self, index):
        ...         return torch.tensor([float(index)])
        >>> [batch.x.tolist() for batch in PyDatasetSource(Two(workers=2)).batches(epoch=0)]
        [[0.0], [1.0]]
    """

    def __init__(
        self,
        dataset: PyDataset,
        *,
        shuffle: order.Shuffle = False,
        seed: int = 0,
        device: torch.device | str = "cpu",
        steps: int | None = None,
        transform: Callable[[Batch, str], Batch] | None = None,
    ) -> None:
        super().__init__("PyDataset", device=device, steps=steps, transform=transform)
        self.dataset, self.shuffle, self.seed = dataset, bool(shuffle), seed
        self.by_epoch = True
        self._within = False

    @property
    def _pass_batches(self) -> int | None:
        return self.dataset.num_batches

    @property
    def num_batches(self) -> int | None:  # type: ignore[override]
        """Batches in an epoch, asked anew each time: a PyDataset may change its length between epochs."""
        length = self.dataset.num_batches
        return self.steps if length is None else min(self.steps or length, length)

    def state_dict(self) -> dict[str, Any]:
        return {"seed": self.seed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._close_pass()
        self.seed = int(state["seed"])

    def _begin_epoch(self) -> None:
        self._within = True
        self.dataset.on_epoch_begin()

    def _end_epoch(self) -> None:
        if self._within:
            self._within = False
            self.dataset.on_epoch_end()

    def _open(self, number: int, start: int) -> Iterator[Any]:
        length, workers = self.dataset.num_batches, self.dataset.workers
        order_of_pass = None if length is None else order.permutation(length, 1, self.shuffle, self.seed, number)
        numbers = _numbers(length) if order_of_pass is None else order_of_pass.tolist()
        indices = itertools.islice(numbers, start, None)
        if workers > 0 and self.dataset.use_multiprocessing:
            return self._by_processes(indices, workers, number)
        if workers > 1:
            return by_threads(self.dataset.__getitem__, indices, workers, self.dataset.max_queue_size)
        return map(self.dataset.__getitem__, indices)

    def _end_items(self, items: Iterator[Any]) -> None:
        end_workers(items)

    def _by_processes(self, indices: Iterator[int], workers: int, number: int) -> Iterator[Any]:
        """torch's DataLoader without batching: it keeps the order, bounds the queue and ends its processes."""
        return iter(
            DataLoader(
                _Items(self.dataset),
                batch_size=None,
                sampler=indices,
                num_workers=workers,
                prefetch_factor=max(1, math.ceil(self.dataset.max_queue_size / workers)),
                collate_fn=functools.partial(_to_tensors, floatx=dtypes.torch_dtype(policy.floatx())),
                generator=order.generator(self.seed, number),
                worker_init_fn=Telling(None),
            )
        )


class _Items(Dataset[Any]):
    """A PyDataset as DataLoader wants it."""

    def __init__(self, dataset: PyDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index]


def _to_tensors(item: Any, floatx: torch.dtype) -> Any:
    """In the worker: arrays as tensors, which travel through shared memory."""
    return nested.map_structure(lambda leaf: None if leaf is None else to_tensor(leaf, "PyDataset", floatx), item)


def by_threads(make: Callable[[int], Any], indices: Iterator[int], workers: int, ahead: int) -> Iterator[Any]:
    """`map(make, indices)` by threads: in order, at most `ahead` results waiting.

    Args:
        make: Called in a thread; what it raises is raised here, in its turn.
        indices: What to make.
        workers: The number of threads.
        ahead: The most results that are made or waiting.

    Example:
        >>> list(by_threads(lambda i: i * 10, iter(range(4)), workers=2, ahead=2))
        [0, 10, 20, 30]
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="PyDataset")
    waiting: deque[Future[Any]] = deque(pool.submit(make, i) for i in itertools.islice(indices, max(1, ahead)))
    try:
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(make, i) for i in itertools.islice(indices, 1))
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
