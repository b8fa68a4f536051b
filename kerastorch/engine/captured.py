"""A compiled call as one CUDA graph: the host starts a whole step at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Captured:
    """Runs a call once, captures it at the next, and replays it from then on.

    Args:
        call: The compiled call; it changes its inputs in place and waits for nothing.
        batch: How many of its first inputs are the batch: they are copied into tensors that stay where they are.
    """

    def __init__(self, call: Callable[..., Any], batch: int) -> None:
        self.call, self.batch = call, batch
        self.graph: torch.cuda.CUDAGraph | None = None
        self.places: list[int] = []
        self.leaves: list[Tensor] = []

    def __call__(self, *inputs: Tensor) -> None:
        leaves, state = inputs[: self.batch], inputs[self.batch :]
        places = [tensor.data_ptr() for tensor in state]
        if places != self.places:
            self._warm(inputs)
            self.places, self.graph = places, None
            return
        if self.graph is None:
            self._capture(leaves, state)
        for kept, leaf in zip(self.leaves, leaves, strict=True):
            kept.copy_(leaf, non_blocking=True)
        assert self.graph is not None
        self.graph.replay()

    def _warm(self, inputs: tuple[Tensor, ...]) -> None:
        """A step on a stream of its own, as capturing asks for: kernels are loaded, workspaces made."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self.call(*inputs)
        torch.cuda.current_stream().wait_stream(stream)

    def _capture(self, leaves: tuple[Tensor, ...], state: tuple[Tensor, ...]) -> None:
        self.leaves = [leaf.clone() for leaf in leaves]
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.call(*self.leaves, *state)


# How a compiled call is started, by the kind of device.
STARTED: dict[str, Callable[[Callable[..., Any], int], Callable[..., Any]]] = {"cuda": Captured}


def started(call: Callable[..., Any], batch: int, device: torch.device) -> Callable[..., Any]:
    """The call as it is best started on a device.

    Args:
        call: A compiled call.
        batch: How many of its first inputs are the batch.
        device: Where it runs.
    """
    way = STARTED.get(device.type)
    return call if way is None else way(call, batch)
