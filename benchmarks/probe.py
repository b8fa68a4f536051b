"""What a run does, counted: frames between `fit` and backward, Python and C calls of a batch, waits for the device."""

from __future__ import annotations

import cProfile
import pstats
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import kerastorch as keras
from benchmarks.task import BATCH

# Methods that bring values to the host without an operator of their own, and operators whose result the host must see.
READS = ("tolist", "cpu", "numpy", "__array__")
SYNCS = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero", "_unique2", "unique_consecutive")


def tiny(**options: Any) -> Any:
    """The tiny MLP, compiled with Adam, cross-entropy on logits and accuracy.

    Args:
        **options: More for `compile`.
    """
    layers = [keras.Input((784,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(10)]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(**{"optimizer": "adam", "loss": loss, "metrics": ["accuracy"], **options})
    return model


def data(batches: int) -> tuple[Tensor, Tensor]:
    """Random inputs (samples, 784) and labels (samples,) of so many batches."""
    return torch.rand(batches * BATCH, 784), torch.randint(0, 10, (batches * BATCH,))


def frames(model: Any, **options: Any) -> list[tuple[str, str]]:
    """The (file, function) of each frame from `fit` to the caller of `Tensor.backward`.

    Args:
        model: A compiled model on 784 inputs.
        **options: More for `fit`.
    """
    x, y = data(4)
    return stack(lambda: model.fit(x, y, batch_size=BATCH, **{"verbose": 0, **options}))


def stack(train: Callable[[], Any]) -> list[tuple[str, str]]:
    """The (file, function) of each frame from the innermost `fit` of `train` to the caller of `Tensor.backward`."""
    found: list[tuple[str, str]] = []
    real = Tensor.backward

    def watched(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if not found:
            found.extend(_stack_to("fit"))
        return real(self, *args, **kwargs)

    with mock.patch.object(Tensor, "backward", watched):
        train()
    return found


def _stack_to(name: str) -> list[tuple[str, str]]:
    found = []
    frame: Any = sys._getframe(2)
    while frame is not None:
        found.append((frame.f_code.co_filename, frame.f_code.co_name))
        if frame.f_code.co_name == name:
            return found[::-1]
        frame = frame.f_back
    raise LookupError(f"nobody called {name!r}")


def calls(function: Callable[[], Any]) -> int:
    """How many Python and C functions are called while `function` runs, as cProfile counts them."""
    profile = cProfile.Profile()
    profile.enable()
    function()
    profile.disable()
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def calls_per_batch(train: Callable[[tuple[Tensor, Tensor]], Any], short: int = 256, long: int = 768) -> float:
    """Calls that each further batch costs: two lengths of a run compared, so that beginnings and ends cancel.

    Args:
        train: Trains once on arrays of inputs and labels.
        short: Batches of the shorter run (lengths are whole blocks of the array source).
        long: Batches of the longer run.
    """
    few, many = data(short), data(long)
    train(few)  # what is made at the first run does not count
    return (calls(lambda: train(many)) - calls(lambda: train(few))) / (long - short)


class _Syncs(TorchDispatchMode):
    """Counts operators that an accelerator could not run without the host waiting for it."""

    def __init__(self, counted: Counter[str]) -> None:
        super().__init__()
        self.counted = counted

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name in SYNCS:
            self.counted[name] += 1
        return func(*args, **(kwargs or {}))


@contextmanager
def waits() -> Iterator[Counter[str]]:
    """Count what would wait for a device: `.item()`, `float(t)`, `if t:`, `.tolist()`, `.cpu()`, `nonzero` ..."""
    counted: Counter[str] = Counter()

    def counting(name: str) -> Callable[..., Any]:
        real = getattr(Tensor, name)

        def watched(self: Tensor, *args: Any, **kwargs: Any) -> Any:
            counted[name] += 1
            return real(self, *args, **kwargs)

        return watched

    patches: dict[str, Any] = {name: counting(name) for name in READS}
    with mock.patch.multiple(Tensor, **patches), _Syncs(counted):
        yield counted


def bare(arrays: tuple[Tensor, Tensor]) -> None:
    """The best bare loop on arrays that are in memory: what the calls of `fit` are compared with."""
    net = torch.nn.Sequential(torch.nn.Linear(784, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    optimizer = torch.optim.Adam(net.parameters(), fused=True)
    total, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    for x, y in zip(*(array.split(BATCH) for array in arrays), strict=True):
        logits = net(x)
        loss = torch.nn.functional.cross_entropy(logits, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total += loss.detach()
        correct += (logits.argmax(-1) == y).sum()
