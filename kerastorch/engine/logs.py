"""Figures that are fetched from the device only when somebody reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor


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
    flat = dict(_flat(values))
    scalars = {k: v.detach() for k, v in flat.items() if isinstance(v, Tensor) and v.numel() == 1}
    if scalars:
        kinds = [torch.float32 if v.device.type == "mps" else torch.float64 for v in scalars.values()]
        stacked = torch.stack([v.reshape(()).to(kind) for v, kind in zip(scalars.values(), kinds, strict=True)])
        flat.update(zip(scalars, stacked.tolist(), strict=True))
    return {k: _plain(flat[k]) for k in sorted(flat)}


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value)
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
    """

    def __init__(self, compute: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__()
        self.compute = compute
        self.stale = True

    def renew(self) -> None:
        """Forget the figures: another batch has passed."""
        self.stale = True

    def _read(self) -> None:
        if self.stale:
            self.stale = False
            super().clear()
            super().update(fetch(self.compute()))

    def __getitem__(self, key: str) -> Any:
        self._read()
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        self._read()
        return super().__iter__()

    def __len__(self) -> int:
        self._read()
        return super().__len__()

    def __contains__(self, key: object) -> bool:
        self._read()
        return super().__contains__(key)

    def __repr__(self) -> str:
        self._read()
        return super().__repr__()

    def get(self, key: str, default: Any = None) -> Any:
        self._read()
        return super().get(key, default)

    def keys(self) -> Any:
        self._read()
        return super().keys()

    def values(self) -> Any:
        self._read()
        return super().values()

    def items(self) -> Any:
        self._read()
        return super().items()

    def copy(self) -> dict[str, Any]:
        self._read()
        return dict(super().items())
