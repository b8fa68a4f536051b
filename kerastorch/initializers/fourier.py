"""The initializer of convolutions that compute a short-time Fourier transform."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.initializers.initializer import Initializer, resolve_dtype

SIDES = ("real", "imag")
SCALINGS = ("density", "spectrum")


@registry.register("initializers", "stft", "STFTInitializer")
class STFT(Initializer):
    """Kernels whose convolution with a signal gives the real or imaginary part of its short-time Fourier transform.

    Args:
        side: "real" or "imag".
        window: A window by SciPy's name for it (SciPy is needed for that), one number for each step of the frame, or
            None.
        scaling: "density" divides by the root of the window's sum of squares, "spectrum" by its absolute sum, None by
            nothing.
        periodic: Whether a named window is periodic.

    Raises:
        ValueError: `side` or `scaling` is none of these, or the window is unknown.

    Example:
        >>> STFT("real", window=None)((4, 1, 3))[:, 0, 0].tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ) -> None:
        if side not in SIDES:
            raise errors.unknown_name("side of STFT", side, SIDES)
        if scaling is not None and scaling not in SCALINGS:
            raise errors.unknown_name("scaling of STFT", scaling, SCALINGS)
        if isinstance(window, str):
            _named_window(window, 1, periodic)
        self.side = side
        self.window = window
        self.scaling = scaling
        self.periodic = periodic

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """The kernels.

        Args:
            shape: `(frame_length, channels, bins)`; the transform has `2 * (bins - 1)` points.
            dtype: The dtype; default `floatx()`.

        Returns:
            A tensor of shape `(frame_length, 1, bins)`.

        Raises:
            ValueError: The window has another length than the frame.
        """
        frame, _, bins = shape
        dtype = resolve_dtype(dtype)
        time = torch.arange(frame, dtype=dtype).reshape(frame, 1, 1)
        frequency = torch.arange(bins, dtype=dtype).reshape(1, 1, bins) / ((bins - 1) * 2)
        angle = -2 * time * frequency * math.pi
        kernel = torch.cos(angle) if self.side == "real" else torch.sin(angle)
        return kernel if self.window is None else kernel * self._scaled_window(frame, dtype)

    def _scaled_window(self, frame: int, dtype: torch.dtype) -> Tensor:
        values = _named_window(self.window, frame, self.periodic) if isinstance(self.window, str) else self.window
        window = torch.as_tensor(values, dtype=dtype)
        if tuple(window.shape) != (frame,):
            raise errors.value_error("`window` of STFT", expected=f"{frame} numbers, one a step", received=window)
        if self.scaling == "density":
            window = window / window.square().sum().sqrt()
        elif self.scaling == "spectrum":
            window = window / window.abs().sum()
        return window.reshape(frame, 1, 1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"side": self.side, "window": self.window, "periodic": self.periodic, "scaling": self.scaling}


def _named_window(name: str, length: int, periodic: bool) -> Any:
    try:
        from scipy.signal import get_window
    except ImportError as error:
        raise errors.import_error(
            "`window` of STFT",
            expected="SciPy, which makes windows by name",
            received=errors.Said("no SciPy"),
            remedy="Run `pip install scipy`, or pass the window's values.",
        ) from error
    return get_window(name, length, periodic)
