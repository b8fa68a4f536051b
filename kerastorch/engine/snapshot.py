"""`Snapshot`: what training changes, copied, so that a trial run leaves nothing behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import chance
from kerastorch.base.sharded import local
from kerastorch.engine.objective import Metrics, MetricTerm, RunningMean
from kerastorch.engine.state import RunState
from kerastorch.engine.window import EveryBatch
from kerastorch.metrics import Metric
from kerastorch.random import SeedGenerator
from kerastorch.runtime.precision import Precision

# Objects whose attributes are their state; of others, but for those that are named, only the reference is kept.
_STATEFUL = (
    nn.Module, torch.optim.Optimizer, torch.amp.GradScaler, Metric, Metrics, MetricTerm, RunningMean, Precision,
    SeedGenerator, EveryBatch, RunState,
)  # fmt: skip


class Snapshot:
    """The state of objects as it is now, to be put back bit for bit.

    Modules (parameters, gradients, buffers, plain attributes), optimizers, loss scalers, metrics and seed generators
    are followed into what they hold; the objects, their containers and their tensors stay the same ones, so whoever
    holds one of them sees the old values again.

    Args:
        *things: What to copy: objects of these kinds, or any other object for its attributes.
        place: Where the copies of tensors lie; "cpu" spares the device's memory, None leaves them beside the tensors.

    Example:
        >>> layer = nn.Linear(2, 1)
        >>> before = layer.weight.tolist()
        >>> snapshot = Snapshot(layer)
        >>> _ = nn.init.zeros_(layer.weight)
        >>> snapshot.restore()
        >>> layer.weight.tolist() == before
        True
    """

    def __init__(self, *things: Any, place: str | None = "cpu") -> None:
        self.place = place
        self._seen: dict[int, Any] = {}  # by id; the objects too, lest an id be given again
        self._undo: list[Callable[[], None]] = []
        for thing in things:
            self._hold(thing, named=True)

    def restore(self) -> None:
        """Put everything back."""
        with torch.no_grad():
            for undo in self._undo:
                undo()

    def _hold(self, thing: Any, named: bool = False) -> None:
        if thing is None or isinstance(thing, (str, bytes, int, float, bool, type)) or id(thing) in self._seen:
            return
        self._seen[id(thing)] = thing
        if isinstance(thing, Tensor):
            self._hold_tensor(thing)
        elif isinstance(thing, dict):
            self._hold_dict(thing)
        elif isinstance(thing, (list, deque)):
            self._hold_list(thing)
        elif isinstance(thing, tuple):
            for part in thing:
                self._hold(part)
        elif isinstance(thing, torch.Generator):
            state = thing.get_state()
            self._undo.append(lambda: _set_generator(thing, state))
        elif named or isinstance(thing, _STATEFUL):
            self._hold(getattr(thing, "__dict__", None))

    def _hold_dict(self, held: dict[Any, Any]) -> None:
        before = list(held.items())
        for _, value in before:
            self._hold(value)

        def undo() -> None:
            now = list(held.items())
            if len(now) != len(before) or any(
                a is not c or b is not d for (a, b), (c, d) in zip(now, before, strict=True)
            ):
                held.clear()
                held.update(before)

        self._undo.append(undo)

    def _hold_list(self, held: Any) -> None:
        before = list(held)
        for value in before:
            self._hold(value)

        def undo() -> None:
            if len(held) != len(before) or any(a is not b for a, b in zip(held, before, strict=True)):
                held.clear()
                held.extend(before)

        self._undo.append(undo)

    def _hold_tensor(self, tensor: Tensor) -> None:
        if tensor.is_meta or nn.parameter.is_lazy(tensor):
            return
        whole, copy = tensor.data, _own_values(tensor.data).to(self.place or tensor.device, copy=True)

        def undo() -> None:
            if tensor.shape != whole.shape or tensor.dtype != whole.dtype or tensor.device != whole.device:
                tensor.data = whole
            _own_values(tensor.data).copy_(copy)

        self._undo.append(undo)
        if tensor.is_leaf:
            gradient = tensor.grad
            self._hold(gradient)
            self._undo.append(lambda: setattr(tensor, "grad", gradient))


def _own_values(tensor: Tensor) -> Tensor:
    """The values in this process's memory: an expanded tensor repeats them, of a sharded one there is a part."""
    tensor = local(tensor)
    if tensor.layout is torch.strided:
        for dimension, stride in enumerate(tensor.stride()):
            if stride == 0 and tensor.shape[dimension] > 1:
                tensor = tensor.narrow(dimension, 0, 1)
    return tensor


def _set_generator(generator: torch.Generator, state: Tensor) -> None:
    generator.set_state(state)


class RandomStates:
    """The random states of this process: Python's, NumPy's, torch's, and that of a device.

    Args:
        device: The device beside the CPU.

    Example:
        >>> import random
        >>> states = RandomStates(torch.device("cpu"))
        >>> drawn = random.random(), float(torch.rand(()))
        >>> states.restore()
        >>> drawn == (random.random(), float(torch.rand(())))
        True
    """

    def __init__(self, device: torch.device) -> None:
        self._known = chance.state(device)

    def restore(self) -> None:
        """Put them back."""
        chance.restore(self._known)
