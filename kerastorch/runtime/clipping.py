"""Clipping of gradients before an update. The base class clips nothing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from kerastorch.base import errors


class NoClipping:
    """Leaves gradients as they are."""

    def __call__(self, parameters: Sequence[Tensor]) -> None:
        """Clip the gradients of `parameters` in place."""


class ClipByNorm(NoClipping):
    """Scales all gradients down together when their common norm exceeds `value`."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self, parameters: Sequence[Tensor]) -> None:
        torch.nn.utils.clip_grad_norm_(parameters, self.value)


class ClipByValue(NoClipping):
    """Cuts every component of a gradient to [-value, value]."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self, parameters: Sequence[Tensor]) -> None:
        torch.nn.utils.clip_grad_value_(parameters, self.value)


_ALGORITHMS = {"norm": ClipByNorm, "value": ClipByValue}


def choose_clipping(value: float | None, algorithm: str | None) -> NoClipping:
    """The clipping that the options `gradient_clip_val` and `gradient_clip_algorithm` mean.

    Args:
        value: The limit, or None for no clipping.
        algorithm: "norm" (default) or "value".

    Raises:
        ValueError: The value is not a positive number, or the algorithm is unknown.

    Example:
        >>> type(choose_clipping(1.0, "norm")).__name__
        'ClipByNorm'
    """
    if algorithm is not None and algorithm not in _ALGORITHMS:
        raise errors.unknown_name("gradient_clip_algorithm", algorithm, _ALGORITHMS)
    if value is None:
        return NoClipping()
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value > 0:
        raise errors.value_error("`gradient_clip_val`", expected="a positive number or None", received=value)
    return _ALGORITHMS[algorithm or "norm"](float(value))
