"""Batches of any structure: moving them to a device, counting their rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors


def move(batch: Any, device: torch.device) -> Any:
    """A batch with its tensors, and what else has a `to`, on a device.

    Args:
        batch: Tensors in dicts, lists, tuples, named tuples or dataclasses, of any depth.
        device: Where to.

    Example:
        >>> move({"x": [torch.zeros(2)], "name": "a"}, torch.device("cpu"))
        {'x': [tensor([0., 0.])], 'name': 'a'}
    """
    waits = device.type == "cpu"
    return apply(batch, lambda leaf: leaf.to(device) if waits else leaf.to(device, non_blocking=True))


def apply(batch: Any, function: Callable[[Any], Any]) -> Any:
    """A batch with a function's results in the place of tensors and of what else has a `to`.

    Example:
        >>> apply((torch.zeros(2), 5), lambda leaf: leaf + 1)
        (tensor([1., 1.]), 5)
    """
    if isinstance(batch, Tensor) or (callable(getattr(batch, "to", None)) and not isinstance(batch, type)):
        return function(batch)
    if isinstance(batch, Mapping):
        pairs = {key: apply(value, function) for key, value in batch.items()}
        return pairs if type(batch) is dict else type(batch)(pairs)  # type: ignore[call-arg]
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(apply(value, function) for value in batch))
    if isinstance(batch, (list, tuple)):
        return type(batch)(apply(value, function) for value in batch)
    if dataclasses.is_dataclass(batch) and not isinstance(batch, type):
        fields = {f.name: apply(getattr(batch, f.name), function) for f in dataclasses.fields(batch) if f.init}
        return dataclasses.replace(batch, **fields)
    return batch


def rows(batch: Any) -> int:
    """The number of rows of a batch: the length of the first tensor in it, 1 for a scalar.

    Raises:
        ValueError: There is no tensor in it.

    Example:
        >>> rows({"x": torch.zeros(4, 2)}), rows([torch.tensor(1.0)])
        (4, 1)
    """
    first = next(_tensors(batch), None)
    if first is None:
        raise errors.value_error(
            "The rows of a batch",
            expected="a tensor somewhere in it, to count them",
            received=batch,
            remedy="Tell it: `self.log(..., batch_size=n)`.",
        )
    return first.shape[0] if first.ndim else 1


def _tensors(batch: Any) -> Iterator[Tensor]:
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, (Mapping, Iterable)) and not isinstance(batch, str):
        for part in batch.values() if isinstance(batch, Mapping) else batch:
            yield from _tensors(part)
    elif dataclasses.is_dataclass(batch):
        for field in dataclasses.fields(batch):
            yield from _tensors(getattr(batch, field.name))
