"""A compiled call as one CUDA graph: the host starts a whole step at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx


class Captured:
    """Runs a call once, captures it at the next, and replays it from then on.

    Args:
        call: The compiled call; it changes its inputs in place and waits for nothing.
        batch: How many of its first inputs are the batch: they are copied into tensors that stay where they are.
        device: The CUDA device on which all of it happens.
    """

    def __init__(self, call: Callable[..., Any], batch: int, device: torch.device) -> None:
        self.call, self.batch, self.device = call, batch, device
        self.stream: torch.cuda.Stream | None = None
        self.graph: torch.cuda.CUDAGraph | None = None
        self.places: list[int] = []
        self.leaves: list[Tensor] = []

    def __call__(self, *inputs: Tensor) -> None:
        leaves, state = inputs[: self.batch], inputs[self.batch :]
        places = [tensor.data_ptr() for tensor in state]
        if places != self.places:
            self.graph = None
            self._warm(inputs)
            self.places = places
            return
        if self.graph is None:
            self.graph = self._capture(leaves, state)
        for kept, leaf in zip(self.leaves, leaves, strict=True):
            kept.copy_(leaf, non_blocking=True)
        self.graph.replay()

    def _warm(self, inputs: tuple[Tensor, ...]) -> None:
        """A step on the stream of the capture, as capturing asks for: kernels are loaded, workspaces made."""
        with torch.cuda.device(self.device):  # streams belong to the device that is the current one
            stream = self.stream = self.stream or torch.cuda.Stream()  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                self.call(*inputs)
            torch.cuda.current_stream().wait_stream(stream)

    def _capture(self, leaves: tuple[Tensor, ...], state: tuple[Tensor, ...]) -> torch.cuda.CUDAGraph:
        self.leaves = [leaf.clone() for leaf in leaves]
        with torch.cuda.device(self.device):
            graph = torch.cuda.CUDAGraph()
            # Other threads may pin or free memory meanwhile: those of a DataLoader do.
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                self.call(*self.leaves, *state)
        return graph


# How a compiled call is started, by the kind of device.
STARTED: dict[str, Callable[[Callable[..., Any], int, torch.device], Callable[..., Any]]] = {"cuda": Captured}


def started(
    call: Callable[..., Any], batch: int, device: torch.device, graph: fx.GraphModule, inputs: Sequence[Tensor]
) -> Callable[..., Any]:
    """The call as it is best started on a device.

    A replay repeats what happened on the device alone. A graph that computes on the host too (the counters of a torch
    optimizer lie there, unless it is fused) is started by the call itself.

    Args:
        call: A compiled call.
        batch: How many of its first inputs are the batch.
        device: Where it runs.
        graph: What was compiled.
        inputs: All its inputs.
    """
    way = STARTED.get(device.type)
    return way(call, batch, device) if way is not None and _stays_on(device.type, graph, inputs) else call


def _stays_on(kind: str, graph: fx.GraphModule, inputs: Sequence[Tensor]) -> bool:
    """Whether nothing is kept or made anywhere but on one kind of device."""
    constants = [getattr(graph, str(node.target)) for node in graph.graph.nodes if node.op == "get_attr"]
    held = [one.device for one in (*inputs, *constants) if isinstance(one, Tensor)]
    made = [node.kwargs["device"] for node in graph.graph.nodes if node.kwargs.get("device") is not None]
    return all(torch.device(place).type == kind for place in (*held, *made))
