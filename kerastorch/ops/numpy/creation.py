"""New tensors: filled, counted, spaced, windows and special matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import dtypes
from kerastorch.ops._convert import float_dtype, to_tensor
from kerastorch.ops._symbolic import op

Shape = int | Sequence[int]


def _shape(shape: Shape) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def _dtype(dtype: Any) -> torch.dtype:
    return float_dtype() if dtype is None else dtypes.torch_dtype(dtype)


@op("numpy", "x")
def array(x: Tensor, dtype: Any = None) -> Tensor:
    """A tensor of numbers, lists or arrays.

    Example:
        >>> array([1, 2], dtype="float32")
        tensor([1., 2.])
    """
    return x if dtype is None else x.to(dtypes.torch_dtype(dtype))


@op("numpy", keras="")
def zeros(shape: Shape, dtype: Any = None) -> Tensor:
    """A tensor of zeros.

    Args:
        shape: Its shape.
        dtype: Its dtype; default `floatx()`.

    Example:
        >>> zeros((2,))
        tensor([0., 0.])
    """
    return torch.zeros(_shape(shape), dtype=_dtype(dtype))


@op("numpy", keras="")
def ones(shape: Shape, dtype: Any = None) -> Tensor:
    """A tensor of ones.

    Args:
        shape: Its shape.
        dtype: Its dtype; default `floatx()`.

    Example:
        >>> ones((2,), dtype="int32")
        tensor([1, 1], dtype=torch.int32)
    """
    return torch.ones(_shape(shape), dtype=_dtype(dtype))


@op("numpy", keras="")
def empty(shape: Shape, dtype: Any = None) -> Tensor:
    """A tensor whose values are whatever was in memory."""
    return torch.empty(_shape(shape), dtype=_dtype(dtype))


@op("numpy", "fill_value")
def full(shape: Shape, fill_value: Tensor, dtype: Any = None) -> Tensor:
    """A tensor filled with one value (or with a smaller tensor, broadcast).

    Args:
        shape: Its shape.
        fill_value: The value.
        dtype: Its dtype; default `floatx()`, whatever the value's dtype.

    Example:
        >>> full((2,), 7.0)
        tensor([7., 7.])
    """
    return fill_value.to(_dtype(dtype)).expand(_shape(shape)).clone()


@op("numpy", "x")
def zeros_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Zeros of the shape (and dtype) of another tensor."""
    return torch.zeros_like(x, dtype=x.dtype if dtype is None else dtypes.torch_dtype(dtype))


@op("numpy", "x")
def ones_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Ones of the shape (and dtype) of another tensor.

    Example:
        >>> ones_like([3, 4])
        tensor([1, 1], dtype=torch.int32)
    """
    return torch.ones_like(x, dtype=x.dtype if dtype is None else dtypes.torch_dtype(dtype))


@op("numpy", "x")
def empty_like(x: Tensor, dtype: Any = None) -> Tensor:
    """An unfilled tensor of the shape (and dtype) of another."""
    return torch.empty_like(x, dtype=x.dtype if dtype is None else dtypes.torch_dtype(dtype))


@op("numpy", "x", "fill_value")
def full_like(x: Tensor, fill_value: Tensor, dtype: Any = None) -> Tensor:
    """One value in the shape (and dtype) of another tensor."""
    return fill_value.to(x.dtype if dtype is None else dtypes.torch_dtype(dtype)).expand(x.shape).clone()


@op("numpy", call=("start", "stop", "step"))
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """Numbers at a fixed distance, the end left out.

    Args:
        start: The first number; alone it is the end, and the first is 0.
        stop: Where to end.
        step: The distance (default 1).
        dtype: The dtype; default int32 for integers and `floatx()` for floats.

    Returns:
        A vector.

    Example:
        >>> arange(3), arange(0.0, 1.0, 0.5)
        (tensor([0, 1, 2], dtype=torch.int32), tensor([0.0000, 0.5000]))
    """
    given = [v for v in (start, stop, step) if v is not None]
    kind = dtypes.torch_dtype(dtype) if dtype is not None else _common(given)
    first, last = (0, start) if stop is None else (start, stop)
    return torch.arange(first, last, 1 if step is None else step, dtype=kind)


def _common(values: Sequence[Any]) -> torch.dtype:
    kind = to_tensor(values[0]).dtype
    for value in values[1:]:
        kind = torch.promote_types(kind, to_tensor(value).dtype)
    return kind


def _spaced_dtype(start: Any, stop: Any, dtype: Any) -> torch.dtype:
    if dtype is not None:
        return dtypes.torch_dtype(dtype)
    kind = _common((start, stop))
    return kind if kind.is_floating_point or kind.is_complex else float_dtype()


@op("numpy", keras="")
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Numbers at equal distances between two ends.

    Args:
        start: The first number, or a tensor of them.
        stop: The last number.
        num: How many.
        endpoint: Whether `stop` is among them.
        retstep: Whether the distance is returned too.
        dtype: The dtype; default that of the ends, at least `floatx()`.
        axis: Where the numbers lie when the ends are tensors.

    Returns:
        The numbers, or (numbers, distance).

    Example:
        >>> linspace(0, 1, 3)
        tensor([0.0000, 0.5000, 1.0000])
    """
    kind = _spaced_dtype(start, stop, dtype)
    working = kind if kind.is_floating_point or kind.is_complex else float_dtype()
    first, last = to_tensor(start, working), to_tensor(stop, working)
    gaps = num - 1 if endpoint else num
    step = (last - first) / gaps if gaps > 0 else torch.full_like(last - first, float("nan"))
    if not first.ndim and not last.ndim:
        end = last if endpoint or num < 2 else last - step
        numbers = torch.linspace(first, end, num, dtype=working, device=first.device)
    else:
        count = torch.arange(num, dtype=working, device=first.device)
        numbers = first + count.reshape(-1, *(1,) * max(first.ndim, last.ndim)) * (step if gaps > 0 else 0)
        numbers = torch.movedim(numbers, 0, axis)
    return (numbers.to(kind), step) if retstep else numbers.to(kind)


@op("numpy", keras="")
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10, dtype: Any = None, axis: int = 0
) -> Tensor:
    """`base` to the powers that `linspace` gives."""
    kind = _spaced_dtype(start, stop, dtype)
    working = kind if kind.is_floating_point else float_dtype()
    return (base ** linspace.raw(start, stop, num, endpoint, False, working, axis)).to(kind)  # type: ignore[no-any-return]


@op("numpy", keras="")
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Tensor:
    """Numbers at equal ratios between two ends of one sign."""
    kind = _spaced_dtype(start, stop, dtype)
    first, last = to_tensor(start, float_dtype()), to_tensor(stop, float_dtype())
    powers = linspace.raw(torch.log10(first.abs()), torch.log10(last.abs()), num, endpoint, False, None, axis)
    return (10**powers * torch.sign(first)).to(kind)  # type: ignore[no-any-return]


@op("numpy", keras="")
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """A matrix with ones on a diagonal and zeros elsewhere.

    Args:
        N: How many rows.
        M: How many columns (default as many).
        k: Which diagonal: 0 the main one, positive above it.
        dtype: The dtype; default `floatx()`.

    Returns:
        The matrix.

    Example:
        >>> eye(2, 3, k=1)
        tensor([[0., 1., 0.],
                [0., 0., 1.]])
    """
    columns = N if M is None else M
    if not k:
        return torch.eye(N, columns, dtype=_dtype(dtype))
    rows, cols = torch.arange(N)[:, None], torch.arange(columns)
    return (cols - rows == k).to(_dtype(dtype))


@op("numpy", keras="")
def identity(n: int, dtype: Any = None) -> Tensor:
    """The square matrix with ones on its main diagonal."""
    return torch.eye(n, dtype=_dtype(dtype))


@op("numpy", keras="")
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """A matrix with ones at and below a diagonal."""
    return torch.tril(torch.ones((N, M or N), dtype=_dtype(dtype)), diagonal=k)


@op("numpy", "x")
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The matrix of powers of a vector, one row for each value, powers falling unless `increasing`."""
    powers = torch.arange(len(x) if N is None else N, device=x.device)
    return (x[:, None] ** (powers if increasing else powers.flip(0))).to(x.dtype)


@op("numpy", keras="")
def bartlett(x: int) -> Tensor:
    """The triangular window of `x` points."""
    return torch.signal.windows.bartlett(int(x), dtype=float_dtype())


@op("numpy", keras="")
def blackman(x: int) -> Tensor:
    """The Blackman window of `x` points."""
    return torch.signal.windows.blackman(int(x), dtype=float_dtype())


@op("numpy", keras="")
def hamming(x: int) -> Tensor:
    """The Hamming window of `x` points."""
    return torch.signal.windows.hamming(int(x), dtype=float_dtype())


@op("numpy", keras="")
def hanning(x: int) -> Tensor:
    """The Hann window of `x` points."""
    return torch.signal.windows.hann(int(x), dtype=float_dtype())


@op("numpy", keras="")
def kaiser(x: int, beta: float) -> Tensor:
    """The Kaiser window of `x` points with shape parameter `beta`."""
    return torch.signal.windows.kaiser(int(x), beta=float(beta), dtype=float_dtype())
