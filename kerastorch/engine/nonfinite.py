"""Which tensor of a step was the first that is not finite."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import nested
from kerastorch.base.sharded import local
from kerastorch.data.batch import Batch
from kerastorch.data.convert import place
from kerastorch.engine.program import Program
from kerastorch.engine.snapshot import Snapshot
from kerastorch.runtime.precision import Precision

_PARTS = {"x": "the input", "y": "the target", "sample_weight": "the sample weight"}
_LAYERS, _LOSS, _GRADIENTS, NOTHING = 1.0, 1e6, 2e6, math.inf


@dataclass
class Finding:
    """A tensor that is not finite.

    Attributes:
        order: How early a step makes such a tensor: inputs 0, layers from 1 on, then the loss, then gradients.
        where: What it is.
        rows: The rows of the batch in which it is not finite, where it has rows.
    """

    order: float
    where: str
    rows: Sequence[int] = ()


def in_batch(batch: Batch) -> Finding | None:
    """The first part of a batch that is not finite.

    Example:
        >>> in_batch(Batch({"a": torch.tensor([1.0, float("inf"), 2.0])}, None, None, 3))
        Finding(order=0.0, where="the input `x['a']`", rows=[1])
    """
    for part, kind in _PARTS.items():
        for path, leaf in nested.flatten_with_path(getattr(batch, part)):
            if isinstance(leaf, Tensor) and not is_finite(leaf):
                return Finding(0.0, f"{kind} {place(part, path)}", _bad_rows(leaf, batch))
    return None


def in_forward(program: Program, precision: Precision, batch: Batch) -> Finding:
    """The first layer, in a forward pass made again, whose output is not finite; else the loss.

    Nothing that the pass changes stays. What is computed between layers is told by the layer that takes it.

    Args:
        program: Makes the pass.
        precision: In which numbers.
        batch: A batch whose loss was not finite.
    """
    before = Snapshot(program.module, *program.accumulators())
    try:
        # The error that is being told is the one that matters.
        with _watched(program.module, batch) as found, torch.no_grad(), precision.context(), suppress(Exception):
            program.training_step(batch)
    finally:
        before.restore()
    return found[0] if found else Finding(_LOSS, "the loss, while all outputs of layers are finite")


def in_gradients(module: nn.Module) -> Finding | None:
    """The first parameter whose gradient is not finite.

    Example:
        >>> layer = nn.Linear(2, 1)
        >>> layer.bias.grad = torch.tensor([float("nan")])
        >>> in_gradients(layer).where
        "the gradient of parameter 'bias'"
    """
    for name, parameter in module.named_parameters():
        if parameter.grad is not None and not is_finite(parameter.grad):
            known = getattr(parameter, "path", None) or name
            return Finding(_GRADIENTS, f"the gradient of parameter {known!r}")
    return None


def is_finite(tensor: Tensor) -> bool:
    """Whether all numbers of a tensor (of its part in this process) are finite; waits for the device."""
    return bool(torch.isfinite(local(tensor)).all())


@contextmanager
def _watched(module: nn.Module, batch: Batch) -> Iterator[list[Finding]]:
    """Let every layer's call be looked at; what is found lies in the list."""
    found: list[Finding] = []
    calls = [0]

    def look(layer: nn.Module, args: Any, kwargs: Any, output: Any, path: str = "") -> None:
        calls[0] += 1
        bad = None if found else _first_bad(output)
        if bad is None:
            return
        name, taken = f"{getattr(layer, 'name', path)!r} ({type(layer).__name__})", _first_bad((args, kwargs))
        where = f"the output of layer {name}" if taken is None else f"what goes into layer {name}, made between layers"
        found.append(Finding(_LAYERS + calls[0], where, _bad_rows(bad if taken is None else taken, batch)))

    def watch(path: str) -> Any:
        return lambda layer, args, kwargs, output: look(layer, args, kwargs, output, path)

    handles = [
        layer.register_forward_hook(watch(path), with_kwargs=True, always_call=False)
        for path, layer in module.named_modules()
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _first_bad(structure: Any) -> Tensor | None:
    leaves: Iterable[Any] = nested.flatten(structure)
    return next((leaf for leaf in leaves if isinstance(leaf, Tensor) and not is_finite(leaf)), None)


def _bad_rows(tensor: Tensor, batch: Batch) -> list[int]:
    values = local(tensor)
    if not batch.size or not values.ndim or values.shape[0] != batch.size:
        return []
    finite = torch.isfinite(values).reshape(batch.size, -1).all(1)
    return [int(row) for row in (~finite).nonzero().flatten().tolist()]
