"""What zero padding and cropping share: pairs (before, after) for the spatial dimensions."""

from __future__ import annotations

from typing import Any

from kerastorch import config
from kerastorch.layers.pointwise import Moving
from kerastorch.layers.window import per_dimension
from kerastorch.nn.spec import InputSpec

Pairs = tuple[tuple[int, int], ...]


def pairs(subject: str, value: Any, rank: int) -> Pairs:
    """A `padding` or `cropping` argument as one pair a dimension.

    Args:
        subject: What it is, for the error.
        value: One integer for all sides, one a dimension, or a pair a dimension; with rank 1 an integer or a pair.
        rank: The number of spatial dimensions.

    Raises:
        ValueError: It is none of these, or negative.

    Example:
        >>> pairs("`padding`", (1, (0, 2)), 2)
        ((1, 1), (0, 2))
    """
    if rank == 1:
        value = [value]
    elif not hasattr(value, "__len__") or len(value) != rank:
        value = per_dimension(subject, value, rank, least=0)
    before_after = [per_dimension(subject, one, 2, least=0) for one in value]
    return tuple((before, after) for before, after in before_after)


class Borders(Moving):
    """The base of the layers that add or take off borders."""

    rank: int

    def _settle(self, data_format: str | None) -> None:
        self.data_format = config.standardize_data_format(data_format)
        self._first = 1 if self.data_format == "channels_last" else 2
        self.input_spec = InputSpec(ndim=self.rank + 2)
