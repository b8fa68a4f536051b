"""`BasePredictionWriter`: predictions are written as they come, or when all are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any

from torch.utils.data import DataLoader, RandomSampler

from kerastorch.base import errors
from kerastorch.lightning.callbacks.callback import Callback
from kerastorch.lightning.data import as_list, shared


class WriteInterval(str, Enum):
    """When predictions are written."""

    BATCH = "batch"
    EPOCH = "epoch"
    BATCH_AND_EPOCH = "batch_and_epoch"

    @property
    def on_batch(self) -> bool:
        """Whether after each batch."""
        return self != "epoch"

    @property
    def on_epoch(self) -> bool:
        """Whether when all are there."""
        return self != "batch"


class BasePredictionWriter(Callback):
    """Gives the outputs of `predict` away: override `write_on_batch_end` or `write_on_epoch_end`.

    Args:
        write_interval: "batch", "epoch" or "batch_and_epoch": which of both is called.

    Raises:
        ValueError: It is none of these.

    Example:
        >>> class Saving(BasePredictionWriter):
        ...     def write_on_epoch_end(self, trainer, pl_module, predictions, batch_indices):
        ...         print(len(predictions), batch_indices)
        >>> Saving("epoch").interval.on_batch
        False
    """

    only_in_trainer = True

    def __init__(self, write_interval: str = "batch") -> None:
        known = [one.value for one in WriteInterval]
        if write_interval not in known:
            raise errors.unknown_name("`write_interval` of BasePredictionWriter", write_interval, known)
        self.interval = WriteInterval(write_interval)
        self._orders: list[Iterator[list[int]]] = []
        self._kept: list[tuple[list[Any], list[Any]]] = []  # of each dataloader the outputs, and their indices

    def write_on_batch_end(
        self, trainer: Any, pl_module: Any, prediction: Any, batch_indices: Sequence[int] | None, batch: Any,
        batch_idx: int, dataloader_idx: int,
    ) -> None:  # fmt: skip
        """Write the outputs of a batch.

        Args:
            trainer: The Trainer.
            pl_module: The module.
            prediction: What `predict_step` returned.
            batch_indices: Where in the dataset its samples are; None where the loader has no such order.
            batch: The batch.
            batch_idx: Its number.
            dataloader_idx: The number of its dataloader.
        """
        raise NotImplementedError

    def write_on_epoch_end(
        self, trainer: Any, pl_module: Any, predictions: Sequence[Any], batch_indices: Sequence[Any]
    ) -> None:
        """Write the outputs of all batches.

        Args:
            trainer: The Trainer.
            pl_module: The module.
            predictions: What `predict_step` returned for each batch; of several dataloaders a list for each.
            batch_indices: For each dataloader, and each of its batches, where in the dataset its samples are.
        """
        raise NotImplementedError

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        loaders = as_list(trainer.dataloaders["predict"])
        self._orders = [_order(loader, trainer.plan.part) for loader in loaders]
        self._kept = [([], []) for _ in loaders]

    def on_predict_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        indices = next(self._orders[dataloader_idx], None)
        if self.interval.on_batch:
            self.write_on_batch_end(trainer, pl_module, outputs, indices, batch, batch_idx, dataloader_idx)
        if self.interval.on_epoch:
            held, places = self._kept[dataloader_idx]
            held.append(outputs)
            places += [] if indices is None else [indices]

    def on_predict_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if self.interval.on_epoch:
            outputs = [held for held, _ in self._kept]
            places = [places for _, places in self._kept]
            self._kept = []
            self.write_on_epoch_end(trainer, pl_module, outputs[0] if len(outputs) == 1 else outputs, places)


def _order(loader: Any, part: tuple[int, int]) -> Iterator[list[int]]:
    """The indices of each batch that a loader gives this rank, where it says so."""
    sampler = shared(loader, part, False).batch_sampler if isinstance(loader, DataLoader) else None
    random = isinstance(getattr(sampler, "sampler", None), RandomSampler)
    return iter(()) if sampler is None or random else iter(sampler)
