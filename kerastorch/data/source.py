"""What the engine knows of data: a source of batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kerastorch import config
from kerastorch.data.batch import Batch


class DataSource(ABC):
    """Gives the batches of any epoch, on the device and ready for the model.

    Attributes:
        num_batches: Batches in an epoch, or None when only the end will tell.
        num_samples: Rows in the data, or None when unknown.
        batch_size: Rows in a batch, or None when the data decide.
        promised: The batches an epoch must have, lest the user is warned; None when fewer will do.
    """

    num_batches: int | None = None
    num_samples: int | None = None
    batch_size: int | None = None
    promised: int | None = None

    @abstractmethod
    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch.

        Args:
            epoch: The number of the epoch, from 0: it decides the order where the data are shuffled.
            start: How many batches of this epoch are already done.

        Returns:
            An iterator of batches on the device.
        """

    @abstractmethod
    def peek(self, epoch: int = 0) -> Batch:
        """A first batch (to build a model with), which `batches` will give again.

        Args:
            epoch: The epoch that will be run first.

        Raises:
            ValueError: There is no batch.
        """

    def sample_numbers(self, epoch: int, batch: int) -> Sequence[int] | None:
        """The numbers, in the data, of the rows that this source gives in a batch; None where they are unknown.

        Args:
            epoch: The epoch, from 0.
            batch: The batch of it, from 0.
        """
        return None

    def settings(self) -> dict[str, Any]:
        """What is known of the data, for those who keep a record."""
        known = {"batch_size": self.batch_size, "samples": self.num_samples}
        return {name: value for name, value in known.items() if value is not None}

    def state_dict(self) -> dict[str, Any]:
        """What besides (epoch, start) is needed to go on after a restart: plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        del state

    @abstractmethod
    def close(self) -> None:
        """End what this source started: workers, open iterators, epochs. May be called twice."""


@contextmanager
def closing(*sources: DataSource | None) -> Iterator[None]:
    """Around the use of sources: they are closed at its end.

    Example:
        >>> with closing(None):
        ...     pass
    """
    try:
        yield
    finally:
        close_all(*sources)


def close_all(*sources: DataSource | None) -> None:
    """Close those sources that there are."""
    for source in sources:
        if source is not None:
            source.close()


def promise(steps: int | None) -> int | None:
    """What `DataSource.promised` is for `steps`: the limit of `keras.config` is a most, the user's own a promise.

    Example:
        >>> promise(5)
        5
    """
    return None if steps == config.max_steps_per_epoch() else steps


def ran_out(received: int, expected: int | None) -> str:
    """The warning of data that end before the epoch does.

    Example:
        >>> ran_out(3, 5)
        'The input ran out of data: 3 batches received, 5 expected in an epoch. Pass fewer steps, or more data.'
    """
    wanted = "at least 1" if expected is None else expected
    return (
        f"The input ran out of data: {received} batches received, {wanted} expected in an epoch. "
        "Pass fewer steps, or more data."
    )
