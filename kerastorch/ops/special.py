"""Error functions, top values, distances, sequences and complex views (Keras's `ops.math`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.ops._convert import as_float, pair
from kerastorch.ops._symbolic import op
from kerastorch.ops.numpy.reductions import Axis, axes_of


class TopK(NamedTuple):
    """The largest values and where they are."""

    values: Tensor
    indices: Tensor


@op("math", "x")
def erf(x: Tensor) -> Tensor:
    """The Gauss error function."""
    return torch.erf(x)


@op("math", "x")
def erfc(x: Tensor) -> Tensor:
    """One minus the error function."""
    return torch.erfc(x)


@op("math", "x")
def erfinv(x: Tensor) -> Tensor:
    """The inverse of the error function."""
    return torch.erfinv(x)


@op("math", "x1", "x2", keras="", weak=True)
def gammainc(x1: Any, x2: Any) -> Tensor:
    """The regularized lower incomplete gamma function of order `x1` at `x2`."""
    return torch.special.gammainc(*pair(x1, x2, floating=True))


@op("math", "x")
def rsqrt(x: Tensor) -> Tensor:
    """One over the square root."""
    return torch.rsqrt(x)


@op("math", "x")
def logsumexp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The logarithm of the sum of exponentials over axes, without overflow.

    Example:
        >>> logsumexp([0.0, 0.0])
        tensor(0.6931)
    """
    return torch.logsumexp(x, dim=axes_of(x, axis), keepdim=keepdims)


@op("math", "x", keras="TopK")
def top_k(x: Tensor, k: int, sorted: bool = True) -> TopK:
    """The `k` largest values along the last dimension.

    Args:
        x: Any tensor.
        k: How many.
        sorted: Whether they descend.

    Returns:
        The pair (values, indices), int64 indices as torch gives them.

    Example:
        >>> values, indices = top_k([1.0, 5.0, 3.0], 2)
        >>> values, indices
        (tensor([5., 3.]), tensor([1, 2]))
    """
    return TopK(*torch.topk(x, k, sorted=sorted))


@op("math", "targets", "predictions", keras="InTopK")
def in_top_k(targets: Tensor, predictions: Tensor, k: int) -> Tensor:
    """Whether each target class is among the `k` highest scores; a tie with the last of them counts.

    Args:
        targets: Class indices of shape (batch,).
        predictions: Scores of shape (batch, classes).
        k: How many scores count.

    Returns:
        Bools of shape (batch,).

    Example:
        >>> in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], k=1)
        tensor([ True, False])
    """
    scores = torch.take_along_dim(predictions, targets.long()[..., None], dim=-1)
    return torch.any(scores >= torch.topk(predictions, k).values, dim=-1)


@op("math", "x", "y", keras="CDist")
def cdist(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean distances of all pairs of rows: (..., m, d) and (..., n, d) give (..., m, n)."""
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-1]:
        raise errors.value_error("`x` and `y` of cdist", expected="matrices with rows of one length", received=y)
    return torch.sqrt(torch.sum(torch.square(x.unsqueeze(-2) - y.unsqueeze(-3)), dim=-1))


@op("math", "x")
def logdet(x: Tensor) -> Tensor:
    """The logarithm of the determinant of square matrices."""
    return torch.logdet(as_float(x))


@op("math", "x")
def extract_sequences(x: Tensor, sequence_length: int, sequence_stride: int) -> Tensor:
    """Overlapping pieces of the last dimension: shape (..., pieces, sequence_length).

    Example:
        >>> extract_sequences([1, 2, 3, 4], 2, 1).tolist()
        [[1, 2], [2, 3], [3, 4]]
    """
    return x.unfold(-1, sequence_length, sequence_stride)


@op("math", "x")
def view_as_complex(x: Tensor) -> Tensor:
    """Pairs (real, imaginary) in the last dimension as complex numbers."""
    if x.shape[-1] != 2:
        raise errors.value_error("`x` of view_as_complex", expected="a last dimension of length 2", received=x)
    return torch.complex(x[..., 0], x[..., 1])


@op("math", "x")
def view_as_real(x: Tensor) -> Tensor:
    """Complex numbers as pairs (real, imaginary) in a new last dimension."""
    return torch.stack((x.real, x.imag), dim=-1)
