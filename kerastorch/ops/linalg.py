"""Linear algebra (`keras.ops.linalg`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.ops._convert import as_float
from kerastorch.ops._symbolic import op
from kerastorch.ops.numpy.reductions import Axis


def _square(x: Tensor, name: str) -> Tensor:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise errors.value_error(f"`x` of {name}", expected="square matrices (..., n, n)", received=x)
    return as_float(x)


@op("linalg", "x")
def cholesky(x: Tensor, upper: bool = False) -> Tensor:
    """The triangular factor of positive definite matrices (..., n, n), lower unless `upper`."""
    return torch.linalg.cholesky(_square(x, "cholesky"), upper=upper)


@op("linalg", "x")
def cholesky_inverse(x: Tensor, upper: bool = False) -> Tensor:
    """The inverse of a positive definite matrix given its Cholesky factor."""
    return torch.cholesky_inverse(_square(x, "cholesky_inverse"), upper=upper)


@op("linalg", "x")
def det(x: Tensor) -> Tensor:
    """The determinants of square matrices (..., n, n)."""
    return torch.linalg.det(_square(x, "det"))


@op("linalg", "x")
def eig(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues (..., n) and eigenvectors (..., n, n) of square matrices, complex."""
    values, vectors = torch.linalg.eig(_square(x, "eig"))
    return values, vectors


@op("linalg", "x")
def eigh(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues in ascending order and eigenvectors of symmetric matrices."""
    values, vectors = torch.linalg.eigh(_square(x, "eigh"))
    return values, vectors


@op("linalg", "x")
def inv(x: Tensor) -> Tensor:
    """The inverses of square matrices (..., n, n)."""
    return torch.linalg.inv(_square(x, "inv"))


@op("linalg", "x")
def lu_factor(x: Tensor) -> tuple[Tensor, Tensor]:
    """The factors L and U in one matrix, and the rows exchanged (counted from 0)."""
    factors, pivots = torch.linalg.lu_factor(as_float(x))
    return factors, pivots - 1


@op("linalg", "x")
def norm(x: Tensor, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors or matrices.

    Args:
        x: Any tensor; integers are computed as floats.
        ord: Which norm: a number, "fro" or "nuc"; default the Euclidean (Frobenius) one.
        axis: One axis for vectors, two for matrices, None for the whole tensor.
        keepdims: Whether the axes stay with length 1.

    Returns:
        The norms.

    Example:
        >>> norm([3.0, 4.0])
        tensor(5.)
    """
    return torch.linalg.norm(
        as_float(x), ord=ord, dim=tuple(axis) if isinstance(axis, list) else axis, keepdim=keepdims
    )


@op("linalg", "x")
def qr(x: Tensor, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """An orthogonal matrix and an upper triangular one whose product is `x`; `mode` "reduced" or "complete"."""
    if mode not in ("reduced", "complete"):
        raise errors.unknown_name("mode of qr", mode, ("reduced", "complete"))
    q, r = torch.linalg.qr(as_float(x), mode=mode)
    return q, r


@op("linalg", "a", "b")
def solve(a: Tensor, b: Tensor) -> Tensor:
    """The x with `a @ x == b`, for b of shape (..., n) or (..., n, k)."""
    return torch.linalg.solve(as_float(a), as_float(b))


@op("linalg", "a", "b")
def solve_triangular(a: Tensor, b: Tensor, lower: bool = False) -> Tensor:
    """`solve` for triangular matrices."""
    vector = b.ndim == a.ndim - 1
    x = torch.linalg.solve_triangular(as_float(a), as_float(b.unsqueeze(-1) if vector else b), upper=not lower)
    return x.squeeze(-1) if vector else x


@op("linalg", "x", keras="SVD")
def svd(x: Tensor, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition (u, s, vh), or s alone without `compute_uv`."""
    if not compute_uv:
        return torch.linalg.svdvals(as_float(x))
    return tuple(torch.linalg.svd(as_float(x), full_matrices=full_matrices))


@op("linalg", "a", "b")
def lstsq(a: Tensor, b: Tensor, rcond: float | None = None) -> Tensor:
    """The x for which `a @ x` comes closest to `b`; singular values below `rcond` times the largest count as zero."""
    if rcond is None:
        return torch.linalg.lstsq(a, b).solution
    if a.is_cuda:
        return torch.linalg.pinv(a, rtol=rcond) @ b
    return torch.linalg.lstsq(a, b, rcond=rcond, driver="gelsd").solution


@op("linalg", "x")
def matrix_rank(x: Tensor, tol: float | None = None) -> Tensor:
    """The number of singular values above a tolerance, int32."""
    return torch.linalg.matrix_rank(as_float(x), atol=tol).to(torch.int32)


@op("linalg", "x")
def matrix_power(x: Tensor, n: int) -> Tensor:
    """The n-th power of square matrices; negative powers of the inverse."""
    return torch.linalg.matrix_power(x, n)


@op("linalg", "x")
def pinv(x: Tensor, rcond: float | None = None) -> Tensor:
    """The pseudo-inverse; singular values below `rcond` times the largest count as zero."""
    return torch.linalg.pinv(as_float(x), rtol=rcond)


@registry.register("ops")
def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """The value of a function and its derivative in a direction (forward mode).

    Args:
        fun: A function of tensors.
        primals: Where, a tuple of tensors.
        tangents: In which direction, a tuple of tensors.
        has_aux: Whether `fun` returns (value, something else).

    Returns:
        (value, derivative), and the something else.
    """
    return torch.func.jvp(fun, tuple(primals), tuple(tangents), has_aux=has_aux)
