"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.ops._convert import float_dtype, is_integral, pair, promote
from kerastorch.ops._symbolic import op


class SlogDet(NamedTuple):
    """A determinant's sign and the logarithm of its absolute value."""

    sign: Tensor
    logabsdet: Tensor


def _computed(function: Callable[..., Tensor], x1: Tensor, x2: Tensor) -> Tensor:
    """`function` of two tensors in a dtype that torch can multiply there, the result in Keras's dtype."""
    dtype = promote(x1.dtype, x2.dtype)
    working = dtype
    if dtype == torch.bool or (is_integral(x1) and is_integral(x2) and x1.is_cuda):
        working = float_dtype()
    return function(x1.to(working), x2.to(working)).to(dtype)


@op("numpy", "x1", "x2")
def matmul(x1: Tensor, x2: Tensor) -> Tensor:
    """The matrix product over the last two dimensions, the others broadcast.

    Args:
        x1: Shape (..., m, k) or (k,).
        x2: Shape (..., k, n) or (k,).

    Returns:
        Shape (..., m, n); two int8 tensors give int32.

    Example:
        >>> matmul([[1.0, 2.0]], [[3.0], [4.0]])
        tensor([[11.]])
    """
    if x1.dtype == x2.dtype and x1.is_floating_point():
        return torch.matmul(x1, x2)
    if x1.dtype == x2.dtype == torch.int8:
        return _computed(torch.matmul, x1.int(), x2.int())
    return _computed(torch.matmul, x1, x2)


@op("numpy", "x1", "x2")
def dot(x1: Tensor, x2: Tensor) -> Tensor:
    """The inner product of vectors, the matrix product of matrices, the product with a scalar."""
    if not x1.ndim or not x2.ndim:
        return torch.multiply(*pair(x1, x2))
    return _computed(torch.matmul, x1, x2)


@op("numpy", "x1", "x2")
def vdot(x1: Tensor, x2: Tensor) -> Tensor:
    """The inner product of two vectors, the first conjugated."""
    return _computed(torch.vdot, x1, x2)


@op("numpy", "x1", "x2")
def inner(x1: Tensor, x2: Tensor) -> Tensor:
    """The sums of products over the last dimensions."""
    return _computed(torch.inner, x1, x2)


@op("numpy", "x1", "x2")
def outer(x1: Tensor, x2: Tensor) -> Tensor:
    """All products of a value of the first and a value of the second: shape (values, values)."""
    return torch.outer(x1.flatten(), x2.flatten())


@op("numpy", "x1", "x2")
def kron(x1: Tensor, x2: Tensor) -> Tensor:
    """The Kronecker product: blocks of the second tensor scaled by the first's values."""
    return torch.kron(x1, x2)


@op("numpy", "x1", "x2")
def cross(x1: Tensor, x2: Tensor, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """The vector product of vectors of length 3.

    Args:
        x1: A tensor of vectors.
        x2: Likewise, broadcast.
        axisa: The axis that holds the first's vectors.
        axisb: The axis that holds the second's vectors.
        axisc: The axis that holds the result's vectors.
        axis: All three at once.

    Returns:
        A tensor of vectors.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = pair(torch.movedim(x1, axisa, -1), torch.movedim(x2, axisb, -1))
    if x1.shape[-1] != 3 or x2.shape[-1] != 3:
        raise errors.value_error("Vectors of cross", expected="length 3", received=x1 if x1.shape[-1] != 3 else x2)
    return torch.movedim(torch.linalg.cross(x1, x2, dim=-1), -1, axisc)


@op("numpy", "x1", "x2")
def tensordot(x1: Tensor, x2: Tensor, axes: int | Sequence[Any] = 2) -> Tensor:
    """Sum products over named dimensions.

    Args:
        x1: Any tensor.
        x2: Any tensor.
        axes: How many last dimensions of `x1` meet the first of `x2`, or the pair (dimensions of x1, of x2).

    Returns:
        The remaining dimensions of `x1`, then those of `x2`.

    Example:
        >>> tensordot([[1.0, 2.0]], [3.0, 4.0], axes=1)
        tensor([11.])
    """
    if not isinstance(axes, int):
        axes = tuple([a] if isinstance(a, int) else list(a) for a in axes)
    return _computed(lambda a, b: torch.tensordot(a, b, dims=axes), x1, x2)


@op("numpy", "*", call=("operands",))
def einsum(subscripts: str, *operands: Tensor) -> Tensor:
    """Sum products of tensors as a formula in index notation says.

    Args:
        subscripts: Such as "bij,bjk->bik".
        *operands: One tensor for each group of letters.

    Returns:
        A tensor with the dimensions after the arrow.

    Example:
        >>> einsum("ij,j->i", [[1.0, 2.0]], [3.0, 4.0])
        tensor([11.])
    """
    if all(o.dtype == torch.int8 for o in operands):
        return torch.einsum(subscripts, *(o.to(torch.int32) for o in operands))
    dtype = operands[0].dtype
    for o in operands[1:]:
        dtype = promote(dtype, o.dtype)
    return torch.einsum(subscripts, *(o.to(dtype) for o in operands))


@op("numpy", "x")
def slogdet(x: Tensor) -> SlogDet:
    """The determinants' signs and the logarithms of their absolute values, for square matrices (..., n, n)."""
    return SlogDet(*torch.linalg.slogdet(x if x.is_floating_point() or x.is_complex() else x.to(float_dtype())))
