"""`Batch`: what flows from a data source to a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastorch.base import errors, nested


class Batch:
    """One batch: inputs, targets, weights and the number of its rows.

    Args:
        x: Inputs: a tensor, or a list, tuple or dict of them, each (rows, ...).
        y: Targets, nested the same way, or None.
        sample_weight: Weights of the rows (or of the targets' elements), or None.
        size: The number of rows, known on the host; 0 for a row that only stands in for none (see `data.shard`).
        total: The rows of this batch on all ranks together; default `size`.
        share: What turns the mean over these rows, averaged over the ranks, into the mean over all rows:
            `size * ranks / total`.

    Example:
        >>> import torch
        >>> Batch(torch.zeros(2, 3), torch.ones(2), None, 2).data
        (tensor([[0., 0., 0.],
                [0., 0., 0.]]), tensor([1., 1.]))
    """

    __slots__ = ("sample_weight", "share", "size", "total", "x", "y")

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        size: int = 0,
        total: int | None = None,
        share: float = 1.0,
    ) -> None:
        self.x = x
        self.y = y
        self.sample_weight = sample_weight
        self.size = size
        self.total = size if total is None else total
        self.share = share

    @property
    def data(self) -> tuple[Any, ...]:
        """The tuple that `train_step(data)` receives: (x,), (x, y) or (x, y, sample_weight)."""
        if self.sample_weight is not None:
            return (self.x, self.y, self.sample_weight)
        return (self.x,) if self.y is None else (self.x, self.y)

    def __repr__(self) -> str:
        given = [name for name in ("x", "y", "sample_weight") if getattr(self, name) is not None]
        return f"<Batch of {self.size} rows: {', '.join(given)}>"


def unpack(item: Any, where: str = "Batch") -> Batch:
    """Read what a loader or generator yields as a batch.

    Args:
        item: An array or tensor (x), a dict of them (x), or a tuple or list of one to three: (x,), (x, y) or
            (x, y, sample_weight).
        where: What an error calls this batch.

    Returns:
        The batch, with the objects as they came.

    Raises:
        ValueError: A tuple of another length, something that holds no arrays, or arrays of different lengths.

    Example:
        >>> import torch
        >>> unpack((torch.zeros(4, 2), torch.zeros(4)))
        <Batch of 4 rows: x, y>
    """
    if isinstance(item, Batch):
        return item
    if isinstance(item, (tuple, list)):
        if not 1 <= len(item) <= 3:
            raise _malformed(where, errors.Said(f"a {type(item).__name__} of {len(item)}"))
        parts = (*item, None, None)
        batch = Batch(parts[0], parts[1], parts[2])
    elif isinstance(item, Mapping) or _rank(item) is not None:
        batch = Batch(item)
    else:
        raise _malformed(where, item)
    batch.size = batch.total = _count(batch, where)
    return batch


def _malformed(where: str, received: Any) -> ValueError:
    return errors.value_error(
        where,
        expected="x, (x,), (x, y) or (x, y, sample_weight), where each is an array or a list or dict of arrays",
        received=received,
        remedy="Several inputs go into one list: ([x1, x2], y).",
    )


def _rank(value: Any) -> int | None:
    shape = getattr(value, "shape", None)
    return None if shape is None else len(shape)


def _count(batch: Batch, where: str) -> int:
    """The number of rows, the same in every array."""
    count: int | None = None
    for name in ("x", "y", "sample_weight"):
        part = getattr(batch, name)
        for leaf in nested.flatten(part) if nested.is_nested(part) else (part,):
            if leaf is None:
                continue
            if not _rank(leaf):
                raise errors.value_error(f"{where}: {name}", expected="arrays of shape (rows, ...)", received=leaf)
            rows = int(leaf.shape[0])
            if count is not None and rows != count:
                raise errors.value_error(f"{where}: {name}", expected=f"{count} rows as in x", received=leaf)
            count = rows
    if count is None or batch.x is None:
        raise _malformed(where, errors.Said("no arrays"))
    return count
