"""Activation checkpointing: memory for time (`keras.remat`, torch's `torch.utils.checkpoint`)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from kerastorch.base import errors
from kerastorch.nn import graph


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that does what `f` does, but keeps nothing for the backward pass and computes it again then.

    Random numbers are drawn again as they were. Called on symbolic tensors, it is recorded as `f` is.

    Args:
        f: A function of tensors, or a layer.

    Returns:
        The function.

    Raises:
        TypeError: `f` cannot be called.

    Example:
        >>> calls = []
        >>> def square(x):
        ...     calls.append(1)
        ...     return x.sin() ** 2
        >>> x = torch.ones(2, requires_grad=True)
        >>> remat(square)(x).sum().backward()
        >>> len(calls)
        2
    """
    if not callable(f):
        raise errors.type_error("`f` of remat", expected="a function or a layer", received=f)

    @functools.wraps(f, updated=())
    def rematerialized(*args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled() or graph.symbolic_leaves((args, kwargs)):
            return f(*args, **kwargs)
        return checkpoint(f, *args, use_reentrant=False, **kwargs)

    return rematerialized
