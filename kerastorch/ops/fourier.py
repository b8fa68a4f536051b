"""Fourier transforms; complex tensors go as pairs (real part, imaginary part), as in Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kerastorch.base import errors
from kerastorch.ops._convert import to_tensor
from kerastorch.ops._symbolic import op

Pair = tuple[Tensor, Tensor]


def _complex(x: Sequence[Tensor]) -> Tensor:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise errors.value_error("`x`", expected="a pair (real part, imaginary part)", received=x)
    if x[0].shape != x[1].shape or not x[0].is_floating_point() or not x[1].is_floating_point():
        raise errors.value_error("`x`", expected="two float tensors of one shape", received=x[1])
    return torch.complex(x[0], x[1])


def _pair(x: Tensor) -> Pair:
    return x.real, x.imag


@op("math", "*x", keras="FFT")
def fft(x: Sequence[Tensor]) -> Pair:
    """The discrete Fourier transform along the last dimension.

    Args:
        x: The pair (real part, imaginary part).

    Returns:
        The transform as such a pair.

    Example:
        >>> real, imaginary = fft(([1.0, 0.0], [0.0, 0.0]))
        >>> real.tolist(), imaginary.tolist()
        ([1.0, 1.0], [0.0, 0.0])
    """
    return _pair(torch.fft.fft(_complex(x)))


@op("math", "*x", keras="FFT2")
def fft2(x: Sequence[Tensor]) -> Pair:
    """The Fourier transform over the last two dimensions of a pair (real part, imaginary part)."""
    return _pair(torch.fft.fft2(_complex(x)))


@op("math", "*x", keras="IFFT2")
def ifft2(x: Sequence[Tensor]) -> Pair:
    """The inverse of `fft2`."""
    return _pair(torch.fft.ifft2(_complex(x)))


@op("math", "x", keras="RFFT")
def rfft(x: Tensor, fft_length: int | None = None) -> Pair:
    """The Fourier transform of real values along the last dimension: the non-negative frequencies, as a pair."""
    return _pair(torch.fft.rfft(x, n=fft_length, dim=-1))


@op("math", "*x", keras="IRFFT")
def irfft(x: Sequence[Tensor], fft_length: int | None = None) -> Tensor:
    """The inverse of `rfft`: real values."""
    return torch.fft.irfft(_complex(x), n=fft_length, dim=-1)


_WINDOWS: dict[str, Callable[..., Tensor]] = {"hann": torch.hann_window, "hamming": torch.hamming_window}


def _window(window: Any, length: int, like: Tensor) -> Tensor:
    if window is None:
        return torch.ones(length, dtype=like.dtype, device=like.device)
    if isinstance(window, str):
        if window not in _WINDOWS:
            raise errors.unknown_name("window", window, _WINDOWS)
        return _WINDOWS[window](length, periodic=True, dtype=like.dtype, device=like.device)
    given = to_tensor(window, like.dtype, like.device)
    if given.shape != (length,):
        raise errors.value_error("`window`", expected=f"shape ({length},)", received=given)
    return given


@op("math", "x", keras="STFT")
def stft(
    x: Tensor, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> Pair:
    """The short-time Fourier transform along the last dimension.

    Args:
        x: Real values of shape (..., samples).
        sequence_length: The window's length.
        sequence_stride: The step between windows.
        fft_length: The transform's length, at least `sequence_length`.
        window: "hann", "hamming", a vector, or None for none.
        center: Whether windows are centred on their samples (the ends are reflected).

    Returns:
        The pair (real, imaginary), each of shape (..., windows, fft_length // 2 + 1).
    """
    if not x.is_floating_point():
        raise errors.type_error("`x` of stft", expected="floats", received=x)
    if fft_length < sequence_length:
        raise errors.value_error("`fft_length`", expected=f"at least {sequence_length}", received=fft_length)
    weights = _window(window, sequence_length, x)
    flat = x.reshape(-1, x.shape[-1])
    found = torch.stft(
        flat, fft_length, sequence_stride, sequence_length, weights, center=center, return_complex=True
    ).transpose(-1, -2)
    return _pair(found.reshape(*x.shape[:-1], *found.shape[-2:]))


@op("math", "*x", keras="ISTFT")
def istft(
    x: Sequence[Tensor],
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    """The inverse of `stft`: overlapping windows, each weighted and divided by the sum of squared weights.

    Args:
        x: The pair (real, imaginary), each of shape (..., windows, fft_length // 2 + 1).
        sequence_length: The window's length.
        sequence_stride: The step between windows.
        fft_length: The transform's length.
        length: How many samples are returned.
        window: As in `stft`; None overlaps and adds without weights.
        center: As in `stft`.

    Returns:
        Real values of shape (..., samples).
    """
    spectrum = _complex(x)
    windows = spectrum.shape[-2]
    if window is not None and sequence_length == fft_length and center:
        flat = spectrum.reshape(-1, *spectrum.shape[-2:]).transpose(-1, -2)
        weights = _window(window, sequence_length, spectrum.real)
        out = torch.istft(flat, fft_length, sequence_stride, sequence_length, weights, center=True, length=length)
        return out.reshape(*spectrum.shape[:-2], out.shape[-1])
    frames = torch.fft.irfft(spectrum, n=fft_length, dim=-1)
    if window is not None:
        frames = frames * _synthesis(_window(window, sequence_length, frames), fft_length, sequence_stride)
    total = fft_length + sequence_stride * (windows - 1)
    added = F.fold(
        frames.reshape(-1, windows, fft_length).transpose(1, 2),
        (1, total),
        (1, fft_length),
        stride=(1, sequence_stride),
    ).reshape(*frames.shape[:-2], total)
    start = fft_length // 2 if center else 0
    end = start + length if length is not None else total - start if center else total
    return added[..., start:end]


def _synthesis(window: Tensor, fft_length: int, stride: int) -> Tensor:
    """The window, padded to the transform's length, over the sum of its squares at every shift by `stride`."""
    before = (fft_length - len(window)) // 2
    padded = F.pad(window, (before, fft_length - len(window) - before))
    shifts = -(-fft_length // stride)
    squares = F.pad(torch.square(padded), (0, shifts * stride - fft_length)).reshape(shifts, stride)
    return padded / squares.sum(0).repeat(shifts)[:fft_length]
