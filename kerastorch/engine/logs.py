"""Figures that are fetched from the device only when somebody reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from kerastorch.runtime.device import exact_dtype


def fetch(values: Mapping[str, Any]) -> dict[str, Any]:
    """Bring figures to the host, all scalars of a device in one transfer, sorted by name as Keras does.

    Args:
        values: name -> scalar tensor, number, or a mapping of such (which is flattened into the result).

    Returns:
        name -> float; tensors that are not scalars become arrays.

    Example:
        >>> fetch({"loss": torch.tensor(0.5), "accuracy": 1})
        {'accuracy': 1.0, 'loss': 0.5}
    """
    figures = dict(flat(values))
    scalars = {k: v.detach() for k, v in figures.items() if isinstance(v, Tensor) and v.numel() == 1}
    if scalars:
        stacked = torch.stack([v.reshape(()).to(exact_dtype(v.device)) for v in scalars.values()])
        figures.update(zip(scalars, stacked.tolist(), strict=True))
    return {k: _plain(figures[k]) for k in sorted(figures)}


def flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The figures with their names, those of inner mappings too."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value)
        else:
            yield key, value


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy()
    return float(value) if isinstance(value, (int, float)) else value


class LazyLogs(dict[str, Any]):
    """Logs of a batch: a dict that asks for its figures when it is first read.

    Args:
        compute: Gives the figures; called again after each `renew`.

    Attributes:
        sources: Further givers of figures (learning rate, gradient norm), asked when the logs are read.
    """

    def __init__(self, compute: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__()
        self.compute = compute
        self.sources: list[Callable[[], Mapping[str, Any]]] = []
        self.stale = True

    def renew(self) -> None:
        """Forget the figures: another batch has passed."""
        self.stale = True

    def _read(self) -> None:
        if self.stale:
            self.stale = False
            super().clear()
            figures = {**self.compute()}
            for source in self.sources:
                figures.update(source())
            super().update(fetch(figures))


def _reading(name: str) -> Callable[..., Any]:
    """A method of `dict` that has the figures fetched first."""
    plain = getattr(dict, name)

    def method(self: LazyLogs, *args: Any, **kwargs: Any) -> Any:
        self._read()
        return plain(self, *args, **kwargs)

    method.__name__, method.__doc__ = name, plain.__doc__
    return method


_READERS = ("__getitem__", "__iter__", "__len__", "__contains__", "__eq__", "__ne__", "__or__", "__ror__", "__repr__")
_WRITERS = ("__setitem__", "__delitem__", "__ior__", "update", "setdefault", "pop", "popitem", "clear")
for _name in (*_READERS, *_WRITERS, "__reversed__", "get", "keys", "values", "items", "copy"):
    setattr(LazyLogs, _name, _reading(_name))
