"""Where the replicas or shards of a module live. One device is a strategy too: its collectives are identities."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")


class SingleDevice:
    """One process, one device.

    Args:
        device: Where the module and the data live.

    Example:
        >>> SingleDevice(torch.device("cpu")).world_size
        1
    """

    name = "auto"
    rank = 0
    world_size = 1
    ranks = 1  # of the run, which may happen in other processes
    whole_graph = False  # whether every trainable parameter must take part in the loss
    in_pieces = True  # whether each rank may take its rows in as many pieces as it likes

    def __init__(self, device: torch.device) -> None:
        self.device = device

    @property
    def part(self) -> tuple[int, int]:
        """(row, rows): which part of every batch this process takes, of how many."""
        return self.rank, self.world_size

    def start(self) -> None:
        """Meet the other ranks; before anything else."""

    def launch(self, run: Callable[..., T], *args: Any) -> T | None:
        """Run a function on the ranks, where they are other processes; None where this process is one itself."""
        return None

    def place(self, module: nn.Module) -> None:
        """Move a module's parameters and buffers to where they train."""
        if any(t.device != self.device for t in (*module.parameters(), *module.buffers())):
            module.to(self.device)

    def distribute(self, module: nn.Module) -> Sequence[tuple[Tensor, Tensor]]:
        """Spread the weights of a built module over the ranks: each weight with the one that stands for it then."""
        return ()

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module to call in a training step; once, before training."""
        return module

    def entered(self, module: nn.Module, name: str) -> Callable[..., Any]:
        """A method of a distributed module to call in the place of its `forward`."""
        return getattr(module, name)  # type: ignore[no-any-return]

    def replicate(self, module: nn.Module) -> nn.Module:
        """The module for steps that update by themselves: the same on all ranks."""
        return module

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Let each rank have rank 0's values: of weights before an evaluation, of running statistics."""

    def sync_gradients(self, last: bool) -> None:
        """Before the forward pass of a micro-batch: gradients are exchanged after the last one of a window."""

    def reduce_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Exchange gradients that no backward pass has exchanged: at the end of a short window."""

    @contextmanager
    def manual_gradients(self, share: Callable[[], float]) -> Iterator[None]:
        """Around steps that update by themselves: gradients are exchanged before any optimizer's step.

        Args:
            share: Tells the batch's share, see `Batch.share`.
        """
        yield

    def sum_(self, values: Sequence[Tensor]) -> None:
        """Put the sum over all ranks into each tensor."""

    def sum_everywhere_(self, value: Tensor) -> None:
        """Put the sum over all processes into a tensor, those too that share a rank's rows."""

    def synchronize(self, accumulator: Any) -> None:
        """Let an accumulator (it has `synchronize(strategy)`) be that of all ranks."""

    def figures(self, told: Mapping[str, Any], counted: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Figures that a program's own step told, for all ranks.

        Args:
            told: The figures.
            counted: Gives those that were synchronized, which stand in for the told ones of their names.
        """
        return told

    def gather(self, value: Tensor) -> list[Tensor]:
        """The value of each rank, on the host; the first dimensions may differ."""
        return [value]

    def agree(self, value: T) -> T:
        """Rank 0's value."""
        return value

    def any(self, value: T | None) -> T | None:
        """A value that is not None on some rank."""
        return value

    def hooks(self, state: Any, steered: bool, verbose: bool) -> Sequence[Callable[[int, Any], None]]:
        """What is called after every batch of training.

        Args:
            state: The run's state, with `stop_reason`.
            steered: Whether something may end the run after a batch.
            verbose: Whether something may be printed.
        """
        return ()

    def printer(self, verbose: Any) -> Callable[[str], Any] | None:
        """What prints a line, once for all ranks; None where nothing should be printed."""
        return print if verbose and self.rank == 0 else None

    def warn(self, text: str) -> None:
        """Warn, once for all ranks."""
        if self.rank == 0:
            warnings.warn(text, UserWarning, stacklevel=3)

    def whole(self, state: Any) -> Any:
        """A nested state with whole tensors in the place of shards."""
        return state
