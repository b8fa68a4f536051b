"""Putting tensors together and taking them apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.ops._convert import numbers_of
from kerastorch.ops._symbolic import op

Sections = int | Sequence[int]


@op("numpy", "*xs")
def concatenate(xs: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Join tensors along an axis they have.

    Args:
        xs: Tensors of one shape, but for the axis.
        axis: The axis.

    Returns:
        One tensor.

    Example:
        >>> concatenate([[1, 2], [3]])
        tensor([1, 2, 3], dtype=torch.int32)
    """
    return torch.cat(tuple(xs), dim=axis)


@op("numpy", "*x")
def stack(x: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis.

    Args:
        x: The tensors.
        axis: Where the new axis is in the result.

    Returns:
        One tensor with one dimension more.

    Example:
        >>> tuple(stack([[1, 2], [3, 4], [5, 6]], axis=-1).shape)
        (2, 3)
    """
    return torch.stack(tuple(x), dim=axis)


@op("numpy", "*xs")
def hstack(xs: Sequence[Tensor]) -> Tensor:
    """Join along the second dimension (the first, for vectors)."""
    return torch.hstack(tuple(xs))


@op("numpy", "*xs")
def vstack(xs: Sequence[Tensor]) -> Tensor:
    """Join along the first dimension; vectors are rows."""
    return torch.vstack(tuple(xs))


@op("numpy", "*xs")
def dstack(xs: Sequence[Tensor]) -> Tensor:
    """Join along the third dimension."""
    return torch.dstack(tuple(xs))


@op("numpy", "*xs")
def column_stack(xs: Sequence[Tensor]) -> Tensor:
    """Join vectors as the columns of a matrix."""
    return torch.column_stack(tuple(xs))


@op("numpy", "x1", "x2")
def append(x1: Tensor, x2: Tensor, axis: int | None = None) -> Tensor:
    """Put `x2` behind `x1`, along an axis or both flattened."""
    return torch.cat((x1.flatten(), x2.flatten())) if axis is None else torch.cat((x1, x2), dim=axis)


@op("numpy", "x")
def split(x: Tensor, indices_or_sections: Sections, axis: int = 0) -> list[Tensor]:
    """Cut a tensor along an axis.

    Args:
        x: Any tensor.
        indices_or_sections: How many equal parts, or where to cut.
        axis: The axis.

    Returns:
        A list of views.

    Raises:
        ValueError: The axis cannot be cut into that many equal parts.

    Example:
        >>> [part.tolist() for part in split([1, 2, 3, 4], [1, 3])]
        [[1], [2, 3], [4]]
    """
    length = x.shape[axis]
    if isinstance(indices_or_sections, int) and length % indices_or_sections:
        raise errors.value_error(
            "`indices_or_sections` of split",
            expected=f"a divisor of {length}, the axis's length",
            received=indices_or_sections,
        )
    return list(torch.tensor_split(x, _sections(indices_or_sections), dim=axis))


@op("numpy", "x")
def array_split(x: Tensor, indices_or_sections: Sections, axis: int = 0) -> list[Tensor]:
    """`split` that allows parts of unequal length: the first ones are longer by one."""
    return list(torch.tensor_split(x, _sections(indices_or_sections), dim=axis))


@op("numpy", "x")
def hsplit(x: Tensor, indices_or_sections: Sections) -> list[Tensor]:
    """`split` along the second dimension (the first, for vectors)."""
    return list(torch.hsplit(x, _sections(indices_or_sections)))


@op("numpy", "x")
def vsplit(x: Tensor, indices_or_sections: Sections) -> list[Tensor]:
    """`split` along the first dimension."""
    return list(torch.vsplit(x, _sections(indices_or_sections)))


@op("numpy", "x")
def dsplit(x: Tensor, indices_or_sections: Sections) -> list[Tensor]:
    """`split` along the third dimension."""
    return list(torch.dsplit(x, _sections(indices_or_sections)))


def _sections(given: Sections) -> int | list[int]:
    return given if isinstance(given, int) else numbers_of(given)


@op("numpy", "*", call=("x",))
def meshgrid(*x: Tensor, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Coordinate matrices of coordinate vectors; "xy" puts the second vector first, "ij" keeps the order."""
    return torch.meshgrid(*(v.reshape(-1) for v in x), indexing=indexing)
