"""What surrounds the call of a layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from torch import nn

from kerastorch.nn.tracking import live

NOTHING: Any = nullcontext()


@contextmanager
def counted() -> Iterator[None]:
    """Know how deep calls are nested, so that the outermost can clear the losses of the last."""
    live.depth += 1
    try:
        yield
    finally:
        live.depth -= 1


@contextmanager
def mode(layer: nn.Module, training: Any) -> Iterator[None]:
    """Put a layer and all inside into training or inference mode for one call."""
    if training is None or bool(training) == layer.training:
        yield
        return
    before = [(m, m.training) for m in layer.modules()]
    layer.train(bool(training))
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode
